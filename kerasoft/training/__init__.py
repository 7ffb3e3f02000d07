"""Training: from a recipe to a run folder."""

from kerasoft.training.compilation_cache import keep_compiled_programs
from kerasoft.training.environment import accelerator, environment
from kerasoft.training.evaluate_saved import evaluate_saved
from kerasoft.training.fit_on_device import EVALUATION_BATCH, fit_on_device
from kerasoft.training.muon import Muon
from kerasoft.training.recipe import Recipe
from kerasoft.training.recipes import choose, recipes
from kerasoft.training.run import Run, RunInterrupted
from kerasoft.training.saved_models import check_name, load_model, save_model
from kerasoft.training.study import Outcome, read_study, run_study
from kerasoft.training.study_report import write_study_report
from kerasoft.training.study_results import choose_baseline, study_results
from kerasoft.training.train import resume, train
from kerasoft.training.variant import Variant

__all__ = [
    "EVALUATION_BATCH",
    "Muon",
    "Outcome",
    "Recipe",
    "Run",
    "RunInterrupted",
    "Variant",
    "accelerator",
    "check_name",
    "choose",
    "choose_baseline",
    "environment",
    "evaluate_saved",
    "fit_on_device",
    "keep_compiled_programs",
    "load_model",
    "read_study",
    "recipes",
    "resume",
    "run_study",
    "save_model",
    "study_results",
    "train",
    "write_study_report",
]
