"""Trains a convolutional network with any softmax variant.

python apps/train_cnn.py --softmax gumbel
"""

import training_app

BACKBONES = ("simple_cnn", "cnn", "resnet9", "resnet12", "tiny_vgg", "linear")

if __name__ == "__main__":
    training_app.main("Train a CNN with a softmax variant.", BACKBONES)
