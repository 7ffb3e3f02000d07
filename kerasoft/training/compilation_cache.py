"""Compiled programs that outlive the process."""

import os

import keras

from kerasoft.data.cache import cache_dir
from kerasoft.training.environment import accelerator


def keep_compiled_programs() -> None:
    """On JAX with an accelerator, keeps what XLA compiles in the cache folder, for the next run.

    A network that takes half a minute to compile then takes a few seconds, with any seed. The
    folder is `xla` in the cache folder of the data; a choice made before, such as by the variable
    JAX_COMPILATION_CACHE_DIR, stands. It changes JAX's configuration: call it from an app, before
    the first model. Elsewhere it does nothing: on a CPU XLA compiles for the features of the
    processor at hand, which the next one may lack.
    """
    if keras.config.backend() != "jax" or accelerator() is None:
        return
    import jax

    if jax.config.jax_compilation_cache_dir is None:
        jax.config.update("jax_compilation_cache_dir", os.fspath(cache_dir() / "xla"))
        # What compiles in less than a second is kept too: there are dozens of such programs.
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0)
