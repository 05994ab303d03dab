"""Checks before acting, in the order of SPEC 5.3; each module holds one GATE, a pure function of the situation."""
