"""The same grid over the same year in other people's backtesters: their time beside ours, their fills against ours."""
