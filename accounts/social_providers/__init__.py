"""Google and Facebook, as allauth asks them, with every answer checked.

Addresses come from settings at each request, so that the sandbox can play both; ID tokens are checked in full whichever
way they came; nothing a visitor puts into an address changes what is asked for.
"""
