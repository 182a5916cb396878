"""Other libraries' searches as contenders of the regret benchmark, each with its own defaults.

Every one gets the space as its users would write it, yields what it tried and how that scored, and
ends early where it has nothing left to try. The packages are imported when a search begins: those
that are not asked for need not be there.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import logging
import math
import tempfile
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np

from benchmarks.problems import Problem, Values
from tfhpo.errors import MissingExtraError
from tfhpo.space import FloatArray, FloatRange, Parameter, Space, Steps, Value
from tfhpo.space.domains import Domain, IntegerRange, Kind

Trials = Iterator[tuple[Values, float]]


def _package(module: str, purpose: str) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError as error:
        package = module.partition(".")[0]
        raise MissingExtraError.of(package, "benchmark", purpose) from error


# ---------------------------------------------------------------- spaces in others' words


def _chosen(space: Space, place: Callable[[Parameter], float]) -> dict[str, Value]:
    """Returns the values of the active parameters, whose places are asked for parents first."""
    x = np.zeros(len(space))
    for column, parameter in enumerate(space.parameters):
        if space.active(x)[column]:
            x[column] = place(parameter)
    return space.decode(x)


def _listed(domain: Domain) -> list[Value]:
    """Returns the values of a finite domain, in their order."""
    return [domain.from_unit(domain.unit_of_index(i)) for i in range(domain.size or 0)]


def _is_range(domain: Domain) -> bool:
    """Whether SMAC, HEBO and Ax know the domain as a range; else they are given the index."""
    if isinstance(domain, Steps):
        return domain.kind is Kind.INTEGER and (domain.step, domain.scale) == (1, "linear")
    return isinstance(domain, (FloatRange, IntegerRange))


def _told(domain: Domain, value: Value) -> Any:
    """Returns what stands for a value in a search that is given ranges and indices."""
    return value if _is_range(domain) else domain.index_of_unit(domain.to_unit(value))


def _place(domain: Domain, told: Any) -> float:
    """Returns the place of what `_told` returned; a range's end may be overshot by rounding."""
    return domain.nearest(float(told)) if _is_range(domain) else domain.unit_of_index(int(told))


# ---------------------------------------------------------------- Optuna


def optuna_sampler(
    sampler: str,
    problem: Problem,
    seed: int,
    trials: int,
    noise: np.random.Generator,
    told: Iterable[tuple[Values, float]] = (),
) -> Trials:
    """Yields the trials of one of Optuna's samplers as it comes; GPSampler needs torch.

    What it is `told` are trials of a former study with their scores.
    """
    optuna = _package("optuna", "An Optuna contender")
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(sampler=getattr(optuna.samplers, sampler)(seed=seed))
    for values, score in told:
        study.enqueue_trial(_as_optuna_asks(problem.space, values))
        trial = study.ask()
        suggest_to_optuna(trial, problem.space)
        study.tell(trial, score)
    for _ in range(trials):
        trial = study.ask()
        values = suggest_to_optuna(trial, problem.space)
        score = problem.objective(values, noise)
        failed = not math.isfinite(score)
        state = optuna.trial.TrialState.FAIL if failed else optuna.trial.TrialState.COMPLETE
        study.tell(trial, None if failed else score, state=state)
        yield values, score


def suggest_to_optuna(trial: Any, space: Space) -> dict[str, Any]:
    """Returns a trial's values, asked for as Optuna's users write them: parents first."""
    return _chosen(space, lambda one: one.domain.to_unit(_ask_optuna(trial, one)))


def _as_optuna_asks(space: Space, values: Values) -> dict[str, Any]:
    """Returns a trial's values as `_ask_optuna` asks for them."""
    return {
        one.name: values[one.name]
        if one.domain.kind is Kind.CATEGORICAL or isinstance(one.domain, (FloatRange, IntegerRange))
        else one.domain.index_of_unit(one.domain.to_unit(values[one.name]))
        for one in space.parameters
        if one.name in values
    }


def _ask_optuna(trial: Any, parameter: Parameter) -> Any:
    domain, name = parameter.domain, parameter.name
    if isinstance(domain, FloatRange):
        return trial.suggest_float(name, domain.low, domain.high, log=domain.scale == "log")
    if isinstance(domain, IntegerRange):
        return trial.suggest_int(name, domain.low, domain.high, log=domain.scale == "log")
    values = _listed(domain)
    if domain.kind is Kind.CATEGORICAL:
        return trial.suggest_categorical(name, values)
    # Optuna has no ordered lists: its users give the index.
    return values[trial.suggest_int(name, 0, len(values) - 1)]


# ---------------------------------------------------------------- evolution


def cat_cma(problem: Problem, seed: int, trials: int, noise: np.random.Generator) -> Trials:
    """Yields the trials of CMA-ES for mixed spaces, CatCMAwM of the package `cmaes`, as it comes.

    It knows numbers, ordered lists and choices; two values are a choice, as it recommends. It knows
    no conditions: it is given every parameter, and those that are inactive do nothing. Numbers are
    told on their scales. A failed trial is told with the worst score so far, 0 before any.
    """
    cmaes = _package("cmaes", "The CMA-ES contender")
    kinds = _cat_cma_kinds(problem.space)
    ordered = [[one.domain.unit_of_index(i) for i in range(one.size or 0)] for one in kinds.ordered]
    search = cmaes.CatCMAwM(
        x_space=[[0.0, 1.0]] * len(kinds.continuous) or None,
        z_space=ordered or None,
        c_space=[one.size for one in kinds.choices] or None,
        seed=seed,
    )
    asked: list[tuple[Any, float]] = []
    worst = math.nan
    for _ in range(trials):
        solution = search.ask()
        values = _cat_cma_values(solution, kinds, problem.space)
        score = problem.objective(values, noise)
        asked.append((solution, score))
        if math.isfinite(score):
            worst = float(np.fmax(worst, score))
        if len(asked) == search.population_size:
            bad = worst if math.isfinite(worst) else 0.0
            search.tell([(one, told if math.isfinite(told) else bad) for one, told in asked])
            asked.clear()
        yield values, score


class _Kinds(NamedTuple):
    """The parameters of a space by what CatCMAwM takes them for; single values are left out."""

    continuous: list[Parameter]
    ordered: list[Parameter]
    choices: list[Parameter]


def _cat_cma_kinds(space: Space) -> _Kinds:
    kinds = _Kinds([], [], [])
    for parameter in space.parameters:
        if parameter.size == 1:
            continue
        if parameter.size is None:
            kinds.continuous.append(parameter)
        elif parameter.domain.kind is Kind.CATEGORICAL or parameter.size == 2:
            kinds.choices.append(parameter)
        else:
            kinds.ordered.append(parameter)
    return kinds


def _cat_cma_values(solution: Any, kinds: _Kinds, space: Space) -> dict[str, Value]:
    places: dict[Any, float] = {}
    for group, told in ((kinds.continuous, solution.x), (kinds.ordered, solution.z)):
        if told is not None:
            places.update((one.key, float(x)) for one, x in zip(group, told, strict=True))
    if solution.c is not None:
        for one, chosen in zip(kinds.choices, solution.c, strict=True):
            places[one.key] = one.domain.unit_of_index(int(np.argmax(chosen)))
    return _chosen(space, lambda one: places.get(one.key, 0.0))


class _BudgetSpent(Exception):  # noqa: N818 (it ends a search, and is no error)
    """Leaves a search that takes no number of trials."""


def scipy_differential_evolution(
    problem: Problem, seed: int, trials: int, noise: np.random.Generator
) -> Trials:
    """Yields the trials of SciPy's differential_evolution as it comes.

    Finite parameters are integers to it. It knows no conditions: it is given every parameter, and
    those that are inactive do nothing. Numbers are told on their scales; failures are infinite.
    """
    optimize = _package("scipy.optimize", "The differential evolution contender")
    parameters = problem.space.parameters
    done: list[tuple[Values, float]] = []

    def objective(told: FloatArray) -> float:
        if len(done) == trials:
            raise _BudgetSpent
        places = {one.key: _place_of(one, x) for one, x in zip(parameters, told, strict=True)}
        values = _chosen(problem.space, lambda one: places[one.key])
        score = problem.objective(values, noise)
        done.append((values, score))
        return score if math.isfinite(score) else math.inf

    with contextlib.suppress(_BudgetSpent):
        optimize.differential_evolution(
            objective,
            [(0, 1 if one.size is None else one.size - 1) for one in parameters],
            integrality=[one.size is not None for one in parameters],
            maxiter=trials,
            rng=seed,
        )
    yield from done


def _place_of(parameter: Parameter, told: float) -> float:
    if parameter.size is None:
        return float(told)
    return parameter.domain.unit_of_index(round(float(told)))


# ---------------------------------------------------------------- KerasTuner


def keras_tuner_bayesian(
    problem: Problem, seed: int, trials: int, noise: np.random.Generator
) -> Trials:
    """Yields the trials of KerasTuner's BayesianOptimizationOracle as it comes, without a tuner.

    A failed trial ends as INVALID, as a crashed one does; the limit of consecutive failures, 3 by
    default, is lifted, since it would end the search. Version 1.4.8 can suggest one more than an
    integer's largest value where the sampling is logarithmic; the problem then gets the largest.
    """
    kt = _package("keras_tuner", "The KerasTuner contender")
    oracle = kt.oracles.BayesianOptimizationOracle(
        kt.Objective("score", "min"),
        max_trials=trials,
        # KerasTuner draws a seed of its own in place of 0.
        seed=seed + 1,
        hyperparameters=_keras_tuner_space(kt, problem.space),
        max_consecutive_failed_trials=trials + 1,
    )
    oracle.verbose = 0
    with tempfile.TemporaryDirectory() as folder:
        oracle._set_project_dir(folder, "search")
        for _ in range(trials):
            trial = oracle.create_trial("tuner0")
            if trial.status == "STOPPED":
                return
            values = _keras_tuner_values(trial.hyperparameters.values, problem.space)
            score = problem.objective(values, noise)
            if math.isfinite(score):
                oracle.update_trial(trial.trial_id, {"score": score})
                trial.status = "COMPLETED"
            else:
                trial.status = "INVALID"
            oracle.end_trial(trial)
            yield values, score


def _keras_tuner_space(kt: Any, space: Space) -> Any:
    hp = kt.HyperParameters()
    for parameter in space.parameters:
        with contextlib.ExitStack() as scopes:
            for condition in parameter.conditions:
                scope = hp.conditional_scope(condition.parent, list(condition.values))
                scopes.enter_context(scope)
            _declare(hp, parameter)
    return hp


def _declare(hp: Any, parameter: Parameter) -> None:
    domain, name = parameter.domain, parameter.name
    if isinstance(domain, FloatRange):
        hp.Float(name, domain.low, domain.high, sampling=domain.scale)
    elif isinstance(domain, IntegerRange):
        hp.Int(name, domain.low, domain.high, sampling=domain.scale)
    elif isinstance(domain, Steps):
        declare = hp.Int if domain.kind is Kind.INTEGER else hp.Float
        declare(name, domain.low, domain.high, step=domain.step, sampling=domain.scale)
    elif all(isinstance(value, bool) for value in _listed(domain)):
        # A Choice would turn Booleans into integers.
        hp.Boolean(name)
    elif domain.kind is Kind.CATEGORICAL:
        hp.Choice(name, _listed(domain), ordered=False)
    else:
        hp.Choice(name, _of_one_type(_listed(domain)), ordered=True)


def _of_one_type(numbers: list[Value]) -> list[Value]:
    """Returns the numbers as floats unless all are integers: a Choice takes only one type."""
    whole = all(isinstance(number, int) for number in numbers)
    return numbers if whole else [float(number) for number in numbers]


def _keras_tuner_values(suggested: dict[str, Value], space: Space) -> dict[str, Value]:
    def place(parameter: Parameter) -> float:
        domain, value = parameter.domain, suggested[parameter.name]
        if domain.kind is Kind.CATEGORICAL:
            return domain.to_unit(value)
        return domain.nearest(float(value))

    return _chosen(space, place)


# ---------------------------------------------------------------- SMAC


def smac3(problem: Problem, seed: int, trials: int, noise: np.random.Generator) -> Trials:
    """Yields the trials of SMAC3's HyperparameterOptimizationFacade, asked and told.

    Its defaults for black boxes, with one evaluation per configuration. A reversed logarithmic
    scale, which SMAC lacks, is linear. A failed trial is told as crashed, at the cost of the worst
    score so far: version 2.4.1 cannot fit its forest to the default cost of a crash, infinity. One
    before the first success counts as running until then, for want of a cost.
    """
    smac = _package("smac", "The SMAC3 contender")
    history = _package("smac.runhistory", "The SMAC3 contender")
    logging.getLogger("smac").setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory() as folder:
        scenario = smac.Scenario(
            _config_space(problem.space),
            output_directory=folder,
            deterministic=True,
            n_trials=trials,
            seed=seed,
        )
        facade = smac.HyperparameterOptimizationFacade(scenario, logging_level=False)
        worst, untold = -math.inf, []
        for _ in range(trials):
            try:
                asked = facade.ask()
            except StopIteration:
                return  # it finds no configuration that was not tried
            values = _smac_values(asked.config, problem.space)
            score = problem.objective(values, noise)
            if math.isfinite(score):
                worst = max(worst, score)
                facade.tell(asked, history.TrialValue(score), save=False)
            else:
                untold.append(asked)
            if math.isfinite(worst):
                crash = history.TrialValue(worst, status=history.StatusType.CRASHED)
                for crashed in untold:
                    facade.tell(crashed, crash, save=False)
                untold.clear()
            yield values, score


def _config_space(space: Space) -> Any:
    cs = _package("ConfigSpace", "The SMAC3 contender")
    made = cs.ConfigurationSpace()
    domains = {parameter.name: parameter.domain for parameter in space.parameters}
    for parameter in space.parameters:
        child = _config_parameter(cs, parameter)
        made.add(child)
        conditions = [
            _config_condition(
                cs,
                child,
                made[condition.parent],
                [_told(domains[condition.parent], value) for value in condition.values],
            )
            for condition in parameter.conditions
        ]
        if conditions:
            made.add(conditions[0] if len(conditions) == 1 else cs.AndConjunction(*conditions))
    return made


def _config_parameter(cs: Any, parameter: Parameter) -> Any:
    domain, name = parameter.domain, parameter.name
    if isinstance(domain, FloatRange):
        log = domain.scale == "log"
        return cs.UniformFloatHyperparameter(name, domain.low, domain.high, log=log)
    if _is_range(domain):
        low, high = domain.bounds
        log = isinstance(domain, IntegerRange) and domain.scale == "log"
        return cs.UniformIntegerHyperparameter(name, int(low), int(high), log=log)
    indices = range(domain.size or 0)
    if domain.kind is Kind.CATEGORICAL:
        return cs.CategoricalHyperparameter(name, list(indices))
    return cs.OrdinalHyperparameter(name, list(indices))


def _config_condition(cs: Any, child: Any, parent: Any, told: list[Any]) -> Any:
    if len(told) == 1:
        return cs.EqualsCondition(child, parent, told[0])
    return cs.InCondition(child, parent, told)


def _smac_values(config: Any, space: Space) -> dict[str, Value]:
    return _chosen(space, lambda one: _place(one.domain, config[one.name]))


# ---------------------------------------------------------------- HEBO


def hebo(problem: Problem, seed: int, trials: int, noise: np.random.Generator) -> Trials:
    """Yields the trials of HEBO as it comes.

    HEBO knows no conditions: it is given every parameter, and those that are inactive do nothing.
    It knows no failures either: a failed trial is told with the worst score so far, and one before
    the first success with NaN, which it leaves out. A reversed logarithmic scale, which it lacks,
    is linear. It draws from the global generators of numpy and torch, which are seeded for it.

    Raises:
        MissingExtraError: If HEBO or torch is absent. No extra holds it, since the numpy that it
            asks for (below 1.25) is older than ours; 0.3.6 does run with numpy 2.
    """
    try:
        optimizers = importlib.import_module("hebo.optimizers.hebo")
        spaces = importlib.import_module("hebo.design_space.design_space")
        torch = importlib.import_module("torch")
    except ImportError as error:
        raise MissingExtraError(
            f"The HEBO contender needs `{error.name}`: install HEBO with `pip install --no-deps "
            "HEBO`, and what it imports one by one; its declared numpy is older than tfhpo's."
        ) from error
    np.random.seed(seed)  # noqa: NPY002 (HEBO draws from nothing else)
    torch.manual_seed(seed)
    design = spaces.DesignSpace().parse([_hebo_parameter(one) for one in problem.space.parameters])
    search = optimizers.HEBO(design, scramble_seed=seed)
    worst = math.nan
    for _ in range(trials):
        # It prints as it looks for a jitter; our output is a table.
        with contextlib.redirect_stdout(io.StringIO()):
            suggested = search.suggest()
        values = _hebo_values(suggested, problem.space)
        score = problem.objective(values, noise)
        if math.isfinite(score):
            worst = float(np.fmax(worst, score))
        search.observe(suggested, np.array([[score if math.isfinite(score) else worst]]))
        yield values, score


def _hebo_parameter(parameter: Parameter) -> dict[str, Any]:
    domain, name = parameter.domain, parameter.name
    if domain.kind is Kind.CATEGORICAL:
        return {"name": name, "type": "cat", "categories": list(range(domain.size or 0))}
    if not _is_range(domain):
        return {"name": name, "type": "int", "lb": 0, "ub": (domain.size or 1) - 1}
    low, high = domain.bounds
    log = isinstance(domain, (FloatRange, IntegerRange)) and domain.scale == "log"
    if isinstance(domain, FloatRange):
        return {"name": name, "type": "pow" if log else "num", "lb": low, "ub": high}
    return {"name": name, "type": "pow_int" if log else "int", "lb": low, "ub": high}


def _hebo_values(suggested: Any, space: Space) -> dict[str, Value]:
    return _chosen(space, lambda one: _place(one.domain, suggested[one.name].iloc[0]))


# ---------------------------------------------------------------- Ax


def ax(problem: Problem, seed: int, trials: int, noise: np.random.Generator) -> Trials:
    """Yields the trials of Ax as it comes, whose models and acquisitions are BoTorch's.

    It knows failed trials, and conditions of one value; a parameter under several values of another
    is always given. A reversed logarithmic scale, which it lacks, is linear.

    Raises:
        MissingExtraError: If Ax is absent. No extra holds it, since it brings torch.
    """
    try:
        api = importlib.import_module("ax.api.client")
        configs = importlib.import_module("ax.api.configs")
        logger = importlib.import_module("ax.utils.common.logger")
    except ImportError as error:
        raise MissingExtraError(
            f"The Ax contender needs `{error.name}`: `pip install ax-platform`."
        ) from error
    logger.set_ax_logger_levels(logging.ERROR)
    client = api.Client(random_seed=seed)
    parameters = [_ax_parameter(configs, one, problem.space) for one in problem.space.parameters]
    client.configure_experiment(parameters=parameters)
    client.configure_optimization(objective="-score")
    for _ in range(trials):
        ((index, suggested),) = client.get_next_trials(max_trials=1).items()
        values = _ax_values(suggested, problem.space)
        score = problem.objective(values, noise)
        if math.isfinite(score):
            client.complete_trial(index, raw_data={"score": score})
        else:
            client.mark_trial_failed(index)
        yield values, score


def _ax_parameter(configs: Any, parameter: Parameter, space: Space) -> Any:
    domain, name = parameter.domain, parameter.name
    if _is_range(domain):
        log = isinstance(domain, (FloatRange, IntegerRange)) and domain.scale == "log"
        return configs.RangeParameterConfig(
            name=name,
            bounds=domain.bounds,
            parameter_type="int" if domain.kind is Kind.INTEGER else "float",
            scaling="log" if log else "linear",
        )
    children: dict[int, list[str]] = {}
    for one in space.parameters:
        # The last condition is that of the parent itself.
        for condition in one.conditions[-1:]:
            if condition.parent == name and len(condition.values) == 1:
                children.setdefault(_told(domain, condition.values[0]), []).append(one.name)
    return configs.ChoiceParameterConfig(
        name=name,
        values=list(range(domain.size or 0)),
        parameter_type="int",
        is_ordered=domain.kind is not Kind.CATEGORICAL,
        dependent_parameters=children or None,
    )


def _ax_values(suggested: dict[str, Any], space: Space) -> dict[str, Value]:
    return _chosen(space, lambda one: _place(one.domain, suggested[one.name]))
