"""What is done about fraud, a module for each: `judging` is called by payments' own services, so nothing is gathered
here: the modules that call those in turn would come before them.
"""
