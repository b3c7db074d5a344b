"""The strategies: grid and DCA."""
