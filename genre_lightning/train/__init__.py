"""python train.py: from a configuration to a trained model and its report."""
