"""`fit` for data that fit into the device's memory."""

from collections.abc import Iterator, Sequence
from numbers import Integral

import keras
import numpy as np

from kerasoft.arguments import check_positive
from kerasoft.classifier import Classifier
from kerasoft.errors import InvalidArgumentError
from kerasoft.training.batches import ShuffledRows
from kerasoft.training.device_steps import DeviceSteps

Logs = dict[str, float]
EVALUATION_BATCH = 500  # divides the 15,000 and the 10,000 of CIFAR: one compilation


def fit_on_device(
    classifier: Classifier,
    images: np.ndarray,
    labels: np.ndarray,
    *,
    batch_size: int = 32,
    epochs: int = 1,
    seed: int = 0,
    initial_epoch: int = 0,
    validation_data: tuple[np.ndarray, np.ndarray] | None = None,
    validation_batch_size: int = EVALUATION_BATCH,
    steps_per_call: int | None = None,
    logging_steps: int | None = None,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    verbose: int | str = "auto",
) -> keras.callbacks.History:
    """Trains like `Classifier.fit`, but the host waits for arithmetic only.

    Images and labels are copied to the device once; each step picks its batch there, and on JAX
    one compiled program runs many steps. Metrics, validation, callbacks, optimizers (with their
    schedules and averages), precision and random draws are those of `fit`, and so are the numbers
    it ends with, for the same batches.

    Args:
        classifier: a built and compiled `Classifier`.
        images: what it takes, (N, ...), in whatever dtype; uint8 images take least memory.
        labels: class ids, int (N,), or what else the head takes: one weight a class (N, C), or
            several ids (N, num_true).
        batch_size: examples a step, all of them where there are fewer; the last, smaller batch of
            an epoch is left out.
        epochs: where to stop, counted from 0 as in `fit`.
        seed: with the epoch, it decides the order of the examples.
        initial_epoch: the epoch to begin with, when a training goes on.
        validation_data: images and labels to evaluate after every epoch, kept on the device too.
        validation_batch_size: examples a step of evaluation; all of them are seen.
        steps_per_call: how many steps run between two calls of `on_train_batch_begin`, and so how
            often progress is shown and Ctrl-C is heard. By default JAX on an accelerator runs a
            whole epoch at a time, TensorFlow an eighth of one; elsewhere it is one step.
        logging_steps: a call also ends after every so many steps of an epoch, for callbacks that
            look at logs there, such as `kerasoft.callbacks.StepLogger`.
        callbacks: Keras callbacks. `on_train_batch_begin` and `_end` are told the first and the
            last step of a call.
        verbose: as in `fit`.

    Returns:
        The history, as `fit` does.

    Raises:
        InvalidArgumentError: if the classifier is not built or compiled, images and labels do not
            go together, a label is no class, a number is not positive, the seed is negative, or
            Keras is set to distribute over several devices.
    """
    _check(classifier, epochs, seed)
    check_positive(
        batch_size=batch_size,
        validation_batch_size=validation_batch_size,
        steps_per_call=1 if steps_per_call is None else steps_per_call,
        logging_steps=1 if logging_steps is None else logging_steps,
    )
    _check_examples(classifier, images, labels)
    order = ShuffledRows(len(labels), batch_size, seed)
    training = DeviceSteps(classifier, images, labels)
    validation = None
    if validation_data is not None:
        _check_examples(classifier, *validation_data)
        validation = DeviceSteps(classifier, *validation_data)
    classifier.optimizer.build(classifier.trainable_variables)
    callbacks = keras.callbacks.CallbackList(
        list(callbacks),
        add_history=True,
        add_progbar=verbose != 0,
        model=classifier,
        verbose=verbose,
        epochs=epochs,
        steps=len(order),
    )
    classifier.stop_training = False
    logs: Logs = {}
    callbacks.on_train_begin()
    calls = _calls(
        len(order),
        steps_per_call or training.steps_per_call(len(order)),
        logging_steps or len(order),
    )
    if initial_epoch < epochs:
        _prepare(training, order, calls, validation, validation_batch_size)
    for epoch in range(initial_epoch, epochs):
        classifier.reset_metrics()
        callbacks.on_epoch_begin(epoch)
        logs = _train(classifier, training, order.epoch(epoch), calls, callbacks)
        if validation is not None:
            logs |= _validate(classifier, validation, validation_batch_size, callbacks)
        callbacks.on_epoch_end(epoch, logs)
        if classifier.stop_training:
            break
    if epochs:  # else an average of weights has not begun
        classifier.optimizer.finalize_variable_values(classifier.trainable_variables)
    callbacks.on_train_end(logs)
    return classifier.history


def _calls(steps: int, steps_per_call: int, logging_steps: int) -> list[range]:
    """An epoch's steps: so many a call, and none across a multiple of `logging_steps`."""
    return [
        range(begin, min(begin + steps_per_call, part + logging_steps, steps))
        for part in range(0, steps, logging_steps)
        for begin in range(part, min(part + logging_steps, steps), steps_per_call)
    ]


def _prepare(
    training: DeviceSteps,
    order: ShuffledRows,
    calls: Sequence[range],
    validation: DeviceSteps | None,
    validation_batch_size: int,
) -> None:
    """Compiles what can be compiled before the clock of the first epoch starts."""
    lengths = dict.fromkeys(map(len, calls))
    waits = [training.prepare("train", order.epoch(0)[:length]) for length in lengths]
    if validation is not None:
        waits += [
            validation.prepare("test", rows)
            for rows in _calls_in_order(validation, validation_batch_size)
        ]
    for wait in waits:
        wait()


def _train(
    classifier: Classifier,
    steps: DeviceSteps,
    rows: np.ndarray,
    calls: Sequence[range],
    callbacks: keras.callbacks.CallbackList,
) -> Logs:
    for call in calls:
        callbacks.on_train_batch_begin(call.start)
        logs = steps.train(rows[call.start : call.stop])
        callbacks.on_train_batch_end(call.stop - 1, logs)
        if classifier.stop_training:
            break
    return _numbers(logs)


def _validate(
    classifier: Classifier,
    steps: DeviceSteps,
    batch_size: int,
    callbacks: keras.callbacks.CallbackList,
) -> Logs:
    callbacks.on_test_begin()
    classifier.reset_metrics()
    for rows in _calls_in_order(steps, batch_size):
        logs = steps.test(rows)
    logs = _numbers(logs)
    callbacks.on_test_end(logs)
    return {f"val_{name}": value for name, value in logs.items()}


def _calls_in_order(steps: DeviceSteps, batch_size: int) -> Iterator[np.ndarray]:
    """Rows of full batches, so many a call, and those of a last, smaller batch."""
    count = len(steps.data[1])
    rows = np.arange(count, dtype="int32")
    full = count // batch_size
    batches = rows[: full * batch_size].reshape(full, batch_size)
    if full:
        a_call = steps.steps_per_call(full)
        yield from (batches[begin : begin + a_call] for begin in range(0, full, a_call))
    if count % batch_size:
        yield rows[None, full * batch_size :]


def _numbers(logs: dict) -> Logs:
    return {name: float(value) for name, value in logs.items()}


def _check(classifier: Classifier, epochs: int, seed: int) -> None:
    if not (isinstance(classifier, Classifier) and classifier.built and classifier.compiled):
        raise InvalidArgumentError(
            "`classifier` must be a kerasoft.Classifier, built and compiled.", classifier=classifier
        )
    if not isinstance(epochs, int) or epochs < 0:
        raise InvalidArgumentError("`epochs` must be an integer of at least 0.", epochs=epochs)
    if not isinstance(seed, Integral) or seed < 0:
        raise InvalidArgumentError("`seed` must be a non-negative integer.", seed=seed)
    if keras.distribution.distribution() is not None:
        raise InvalidArgumentError(
            "fit_on_device uses one device. Use fit, or no keras.distribution.",
            distribution=keras.distribution.distribution(),
        )


def _check_examples(classifier: Classifier, images: np.ndarray, labels: np.ndarray) -> None:
    if len(images) != len(labels) or not len(labels):
        raise InvalidArgumentError(
            "There must be as many labels as images, at least one.",
            images=len(images),
            labels=len(labels),
        )
    classifier.head.check_labels(np.asarray(labels))
