"""The commands, by name. Each module registers its own."""
