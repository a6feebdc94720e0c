"""musicnn (Pons and Serra 2019): a network that knows much music already, and where its weights come from."""
