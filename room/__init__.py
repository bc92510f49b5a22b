"""`moodbox room`: carries what a press in one room asks for to the box that plays for all rooms.

A process of its own beside each box, so that the boxes themselves need no network. Both ends are clients of
their box's control socket. docs/rooms.md explains it.
"""
