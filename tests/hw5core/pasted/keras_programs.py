"""Programs in Keras as students have them, each with the input and the trainable parameters that Keras reports."""

MNIST = """
import numpy as np
import keras
from keras import layers

num_classes = 10
input_shape = (28, 28, 1)
(x_train, y_train), (x_test, y_test) = keras.datasets.mnist.load_data()
x_train = x_train.astype("float32") / 255

model = keras.Sequential(
    [
        keras.Input(shape=input_shape),
        layers.Conv2D(32, kernel_size=(3, 3), activation="relu"),
        layers.MaxPooling2D(pool_size=(2, 2)),
        layers.Conv2D(64, kernel_size=(3, 3), activation="relu"),
        layers.MaxPooling2D(pool_size=(2, 2)),
        layers.Flatten(),
        layers.Dropout(0.5),
        layers.Dense(num_classes, activation="softmax"),
    ]
)
model.summary()
model.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
model.fit(x_train, y_train, batch_size=128, epochs=15, validation_split=0.1)
"""

CIFAR = """
import tensorflow as tf
from tensorflow.keras import datasets, layers, models

model = models.Sequential()
model.add(layers.Conv2D(32, (3, 3), activation='relu', input_shape=(32, 32, 3)))
model.add(layers.MaxPooling2D((2, 2)))
model.add(layers.Conv2D(64, (3, 3), activation='relu'))
model.add(layers.MaxPooling2D((2, 2)))
model.add(layers.Conv2D(64, (3, 3), activation='relu'))
model.add(layers.Flatten())
model.add(layers.Dense(64, activation=tf.nn.relu))
model.add(layers.Dense(10))
"""

ROWS = """
import tensorflow as tf
model = tf.keras.models.Sequential([
  tf.keras.layers.Flatten(input_shape=(28, 28)),
  tf.keras.layers.Dense(128, activation='relu'),
  tf.keras.layers.Dropout(0.2),
  tf.keras.layers.Dense(10)
])
"""

FUNCTIONAL = """
from tensorflow import keras
from tensorflow.keras.layers import *
inputs = Input(shape=(28, 28, 1))
x = Conv2D(8, 3, strides=2, padding="same", use_bias=False, name="stem")(inputs)
x = BatchNormalization()(x)
x = Activation("relu")(x)
x = SeparableConv2D(16, 3, padding="same", activation="elu")(x)
x = DepthwiseConv2D(5, strides=(2, 2), padding="same")(x)
x = GlobalAveragePooling2D()(x)
outputs = Dense(10, activation="softmax")(x)
model = keras.Model(inputs, outputs)
"""

SUBCLASS = """
import tensorflow as tf

class MyModel(tf.keras.Model):
    def __init__(self):
        super().__init__()
        self.conv1 = tf.keras.layers.Conv2D(32, 3, activation="relu", input_shape=(28, 28, 1))
        self.flatten = tf.keras.layers.Flatten()
        self.d1 = tf.keras.layers.Dense(128, activation="relu")
        self.d2 = tf.keras.layers.Dense(10)

    def call(self, x):
        x = self.conv1(x)
        x = self.flatten(x)
        return self.d2(self.d1(x))

model = MyModel()
"""

WITHOUT_IMPORTS = """
model = Sequential()
model.add(Conv2D(filters=6, kernel_size=(5, 5), activation="tanh", input_shape=(32, 32, 1), padding="valid"))
model.add(AveragePooling2D(pool_size=2, strides=2))
model.add(Conv2D(16, (5, 5), activation="tanh", kernel_initializer="glorot_uniform"))
model.add(AveragePooling2D())
model.add(Flatten())
model.add(Dense(units=120, activation="tanh"))
model.add(Dense(84, activation="tanh"))
model.add(Dense(10, activation="softmax"))
"""

# The totals of MNIST, CIFAR and ROWS are those that Keras' and TensorFlow's tutorials print.
KERAS = {
    "mnist": (MNIST, (1, 28, 28), 34_826),
    "cifar": (CIFAR, (3, 32, 32), 122_570),
    "rows": (ROWS, (1, 28, 28), 101_770),
    "functional": (FUNCTIONAL, (1, 28, 28), 72 + 16 + (8 * 9 + 8 * 16 + 16) + (16 * 25 + 16) + 170),
    "subclass": (SUBCLASS, (1, 28, 28), 320 + 32 * 26 * 26 * 128 + 128 + 1_290),
    "without imports": (WITHOUT_IMPORTS, (1, 32, 32), 61_706),
}
