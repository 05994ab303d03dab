"""Deployments: what a service's unit is made of and which image it runs, which of them were good, and the way back to one."""
