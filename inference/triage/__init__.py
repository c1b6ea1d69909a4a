"""Emergency triage: what an ambulance crew measured and saw, to a level with its reasons and candidate hospitals.

A decision aid for trained crews, not a cleared medical device.
"""
