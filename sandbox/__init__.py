"""The sandbox: local stand-ins for the outside services Buka talks to, in a process and a database of their own.

No domain imports it and it imports no domain; production never installs it. Each service is an app of this small
Django project (`sandbox.mail`, ...), with the faults it can play kept in `sandbox.faults`. Its pages are a
developer's tool and in English only.
"""
