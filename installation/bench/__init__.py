"""How fast each part is on this machine, beside the way of TensorFlow's DeepDream tutorial."""
