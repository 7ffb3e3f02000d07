"""alpha-entmax for the two alphas whose threshold needs no powers: 2 (sparsemax) and 1.5."""

import keras

if keras.backend.backend() == "torch":
    from kerasoft.ops.exact_entmax_torch import exact_entmax as exact_entmax
else:
    from kerasoft.ops.exact_entmax_portable import exact_entmax as exact_entmax
