"""Events through the real processor, gate included, without browser or network."""
