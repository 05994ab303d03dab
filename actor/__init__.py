"""Hears decision alerts, asks every gate, acts under protection, verifies, keeps or rolls back, learns."""
