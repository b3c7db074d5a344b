"""Thin: each asks a selector, tells a service, and renders."""
