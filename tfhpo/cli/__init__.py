"""The command line, `tfhpo`: thin commands that load TensorFlow only where they train."""
