"""The laptop's microphone and speaker, for a deck on a remote machine, through an SSH tunnel.

On the laptop `server` serves them on a local socket, which `ssh -R` forwards; on the remote machine
`discovery` finds the forwarded socket, and `client` makes a microphone and a speaker of it. `wire` is what
they say to each other. The laptop's speaker keeps the time: it grants the deck what may be sent next
(`buffer`), and the deck pulls its mixer for just that (`supply`).
"""
