"""The conversation of /new: one question after another, until a bot is made."""
