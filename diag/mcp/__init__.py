"""The door for the models of other programs: what was found, over the Model Context Protocol. It changes nothing."""
