"""Releases that are signed: which keys the box knows, and whether a release is signed by one of them."""
