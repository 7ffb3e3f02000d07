"""Steps over data that stay on the device: each backend's own way, behind one name.

`DeviceSteps(model, images, labels)` copies uint8 images (N, ...) and int labels (N, ...) to the
device once. Then, with `rows` of int32 (steps, batch_size), the numbers of the examples of each
step:

- `train(rows)` trains that many steps, one after the other, and returns the logs of the last;
- `test(rows)` does the same with test steps;
- `prepare("train", rows)` begins to compile that for rows of that shape, where it can be done
  ahead, and returns a function that waits for it; "test" likewise;
- `steps_per_call(steps)` is how many of an epoch's steps are best given to one call.

After each call the model's variables hold the state of the last step.
"""

import keras

if keras.backend.backend() == "jax":
    from kerasoft.training.device_steps_jax import DeviceSteps
elif keras.backend.backend() == "tensorflow":
    from kerasoft.training.device_steps_tensorflow import DeviceSteps
else:
    from kerasoft.training.device_steps_torch import DeviceSteps

__all__ = ["DeviceSteps"]
