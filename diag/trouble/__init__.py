"""What is in trouble, before any rule runs: groups, shapes, relations, placement, pools."""
