"""Curves are computed first, then drawn; the page shows every family."""

import keras
import numpy as np
import pytest

from tfhpo import schedules
from tfhpo.errors import ArgumentError
from tfhpo.schedules.curves import MOST_POINTS, curves
from tfhpo.schedules.families import families


def test_a_curve_holds_the_rate_of_every_step():
    schedule = schedules.CosineDecay(0.1, 50)
    (curve,) = curves(schedule, 60)
    assert curve.label == "CosineDecay"
    assert curve.steps.tolist() == list(range(61))
    assert curve.rates[[0, 25, 50, 60]] == pytest.approx([0.1, 0.05, 0, 0], abs=1e-8)


def test_a_long_curve_keeps_both_ends():
    (curve,) = curves(schedules.Constant(0.1), 10**6)
    assert len(curve.steps) == len(curve.rates) <= MOST_POINTS + 2
    assert curve.steps[[0, -1]].tolist() == [0, 10**6]


@pytest.mark.parametrize("total_steps", [10**5, 10**6])
def test_a_long_curve_goes_from_trough_to_peak_in_every_interval(total_steps):
    # 2,000 evenly chosen steps would all lie at the same height of its 2,000 or 20,000 cycles.
    cycling = schedules.TriangularCycle(0.01, 0.1, 25)
    (curve,) = curves(cycling, total_steps)
    for number in range(10):
        within = (curve.steps // (total_steps // 10)) == number
        assert curve.rates[within].min() == pytest.approx(0.01, rel=0.1)
        assert curve.rates[within].max() == pytest.approx(0.1, rel=0.1)
    assert (np.diff(curve.steps) > 0).all()
    np.testing.assert_allclose(curve.rates, np.asarray(cycling(curve.steps)), rtol=1e-6)


def test_a_schedule_that_takes_single_steps_only_is_drawn_too():
    kind = keras.optimizers.schedules.CosineDecay
    theirs = kind(0.01, 20, warmup_target=0.1, warmup_steps=5)
    ours = schedules.CosineDecay(0.01, 20, warmup_target=0.1, warmup_steps=5)
    later, same = curves({"later": schedules.WarmUp(theirs, 5, 0.01), "theirs": theirs}, 30)
    (expected,) = curves(ours, 30)
    np.testing.assert_allclose(same.rates, expected.rates, rtol=1e-6)
    np.testing.assert_allclose(later.rates[5:], expected.rates[:-5], rtol=1e-6)


def test_a_plot_shows_its_curves():
    made = {"cosine": schedules.CosineDecay(0.1, 50), "flat": schedules.Constant(0.02)}
    (axes,) = schedules.plot(made, 50, title="two").axes
    assert [line.get_label() for line in axes.lines] == ["cosine", "flat"]
    assert axes.lines[0].get_ydata()[25] == pytest.approx(0.05)
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["cosine", "flat"]
    assert axes.get_xlabel() == "training step"
    assert axes.get_title(loc="left") == "two"


def test_an_axis_may_count_epochs():
    (axes,) = schedules.plot(schedules.Constant(0.1), 50, steps_per_epoch=20).axes
    assert axes.lines[0].get_xdata()[-1] == 2.5
    assert axes.get_xlabel() == "epoch"
    assert axes.get_title(loc="left") == "Constant"
    assert axes.get_legend() is None


def test_rates_may_stand_on_a_logarithmic_axis():
    schedule = schedules.ExponentialDecay(0.1, 10, 0.5)
    scales = [schedules.plot(schedule, 50, log=log).axes[0].get_yscale() for log in (False, True)]
    assert scales == ["linear", "log"]


def test_many_curves_have_many_colours():
    made = {str(power): schedules.PolynomialDecay(0.1, 50, power=power) for power in range(1, 12)}
    (axes,) = schedules.plot(made, 50).axes
    assert len({str(line.get_color()) for line in axes.lines}) == 11


def inches(figure, *drawn):
    """Where parts of a figure lie on it."""
    figure.draw_without_rendering()
    scale = figure.dpi_scale_trans.inverted()
    return [one.get_window_extent().transformed(scale) for one in drawn]


LONG = "a schedule of number {0} with a label of its own, which is longer than a line, {0}"


@pytest.mark.parametrize("label", ["{}", "schedule number {}", LONG])
def test_thirty_schedules_leave_the_axes_their_room(label):
    made = {label.format(n): schedules.CosineDecay(0.1, 10 * n) for n in range(1, 31)}
    figure = schedules.plot(made, 300)
    axes, legend = inches(figure, figure.axes[0], figure.legends[0])
    assert axes.height > 3
    assert axes.width > 6
    assert 0 <= legend.y0 < legend.y1 <= axes.y0
    assert 0 <= legend.x0 < legend.x1 <= figure.get_figwidth()
    assert len(figure.legends[0].get_texts()) == 30


def test_more_schedules_than_a_picture_can_show_are_refused():
    with pytest.raises(ArgumentError, match=r"60 schedules at most. Received: 61"):
        schedules.plot([schedules.Constant(0.1)] * 61, 10)


def test_a_long_title_is_wrapped():
    figure = schedules.plot(schedules.Constant(0.1), 10, title="many words " * 40)
    written = [one for one in figure.axes[0].get_children() if getattr(one, "get_text", str)()]
    axes, title = inches(figure, figure.axes[0], *written)
    assert axes.height > 3
    assert title.x1 <= figure.get_figwidth()
    assert title.y1 <= figure.get_figheight()


def test_schedules_in_a_list_are_called_by_what_tells_them_apart():
    cosine = schedules.CosineDecay(0.1, 50)
    assert [one.label for one in curves([cosine, schedules.Constant(0.1)], 50)] == [
        "CosineDecay",
        "Constant",
    ]
    two = curves((cosine, schedules.CosineDecay(0.1, 20)), 50)
    assert [one.label[-15:] for one in two] == ["decay_steps=50)", "decay_steps=20)"]


def test_a_folder_is_no_picture(tmp_path):
    with pytest.raises(ArgumentError, match=r"`path` must be a file.*, a folder"):
        schedules.plot(schedules.Constant(0.1), 50, path=tmp_path)


def test_a_picture_is_saved_and_shown(tmp_path):
    path = tmp_path / "new" / "rates.png"
    figure = schedules.plot(schedules.Constant(0.1), 50, path=path)
    assert path.read_bytes().startswith(b"\x89PNG")
    assert figure._repr_png_().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"schedules": 0.1}, r"`schedules` must be .* Received: schedules=0\.1"),
        ({"schedules": []}, r"`schedules` must be .* Received: schedules=\[\]"),
        ({"schedules": {}}, r"`schedules` must be .* Received: schedules=\{\}"),
        ({"schedules": {"a": 0.1}}, r"`schedules` must be .* Received: schedules=\{'a': 0\.1\}"),
        ({"total_steps": 0}, "`total_steps` must be an integer from 1 to .*=0"),
        ({"total_steps": 1.5}, "`total_steps` must be an integer from 1 to .*=1.5"),
        ({"steps_per_epoch": 0}, "`steps_per_epoch` must be an integer from 1 to .*=0"),
        ({"log": "yes"}, "`log` must be True or False. Received: log='yes'"),
        ({"path": "rates.xyz"}, "`path` must end in one of .*'rates.xyz'"),
    ],
)
def test_bad_arguments_are_refused(changes, message):
    good = {"schedules": schedules.Constant(0.1), "total_steps": 50}
    with pytest.raises(ArgumentError, match=message):
        schedules.plot(**{**good, **changes})


def test_the_page_shows_every_class():
    figure = schedules.gallery()
    shown = {axes.get_title(loc="left") for axes in figure.axes}
    kind = keras.optimizers.schedules.LearningRateSchedule
    public = {name: getattr(schedules, name) for name in schedules.__all__}
    classes = {name: one for name, one in public.items() if isinstance(one, type)}
    assert shown == {name for name, one in classes.items() if issubclass(one, kind)}


def test_the_page_shows_the_powers_cycles_restarts_and_stairs():
    labels = {curve.label for family in families(1000, 0.1) for curve in family.curves}
    assert {"power=0.5", "power=1", "power=2", "cycle, power=1", "staircase"} <= labels
    assert {"t_mul=1", "t_mul=2", "m_mul=0.5", "triangular2", "exp_range"} <= labels


def test_the_stairs_and_restarts_of_the_page_end_after_it():
    ends = {
        (family.title, curve.label): curve.rates[-1]
        for family in families(1000, 0.1)
        for curve in family.curves
    }
    assert ends["ExponentialDecay", "staircase"] == pytest.approx(0.1 / 2**4)
    assert ends["CosineDecayRestarts", "t_mul=1"] == pytest.approx(0.0, abs=1e-4)


@pytest.mark.parametrize("total_steps", [20, 37, 1000, 10**6])
def test_the_rates_of_the_page_fit_its_axes(total_steps):
    for family in families(total_steps, 0.1):
        for curve in family.curves:
            assert curve.rates.min() >= 0
            assert curve.rates.max() <= (0.15 if "Noisy" in family.title else 0.101)


def test_a_page_of_some_families_keeps_their_order():
    figure = schedules.gallery(kinds=["one_cycle", "polynomial", "warm_up"])
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert titles == ["PolynomialDecay", "PolynomialDecay", "WarmUp", "OneCycle"]


def test_a_page_of_one_family():
    (axes,) = schedules.gallery(kinds="cosine").axes
    assert axes.get_title(loc="left") == "CosineDecay"


def test_every_column_of_a_page_with_gaps_tells_its_steps():
    figure = schedules.gallery(
        kinds=["exponential", "cosine", "warm_up", "triangular", "one_cycle"]
    )
    assert len(figure.axes) == 6
    shown = [axes.xaxis.get_tick_params()["labelbottom"] for axes in figure.axes]
    assert shown == [False, False, True, True, True, True]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"total_steps": 19}, "`total_steps` must be an integer from 20 to"),
        ({"learning_rate": 0}, "`learning_rate` must be a finite number above 0"),
        ({"kinds": []}, r"`kinds` must name at least one.* Received: \[\]"),
        ({"kinds": ["sine"]}, r"`kinds` must be one of .* Received: 'sine'. Did you mean 'cosine'"),
        ({"kinds": schedules.WarmUp}, r"Did you mean 'warm_up'"),
    ],
)
def test_a_page_refuses_bad_arguments(changes, message):
    with pytest.raises(ArgumentError, match=message):
        schedules.gallery(**changes)
