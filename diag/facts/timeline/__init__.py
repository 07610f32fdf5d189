"""Where the time of one start went: phases that touch, measured or bounded, and what was moved in them."""
