"""Not a part of the package: what its documentation is made with."""
