"""What is measured of each kind of recipe: the numbers on the cards."""
