"""The door for other programs' models: what was found, over the Model Context Protocol. Nothing here changes anything."""
