"""What a person sees of a search: the progress line, tables and pictures, from plain records."""

from tfhpo.reporting.history import HistoryData, history_data, plot_history
from tfhpo.reporting.population import (
    Generation,
    PopulationData,
    plot_population,
    population_data,
)
from tfhpo.reporting.progress import Progress, ProgressLine, print_summary
from tfhpo.reporting.ranges import ParameterRanges, RangesData, RoundRange, ranges_data
from tfhpo.reporting.ranges_plot import plot_ranges
from tfhpo.reporting.table import (
    FailureRow,
    ResultRow,
    failure_rows,
    failures_table,
    print_results,
    result_rows,
    results_table,
)

__all__ = [
    "FailureRow",
    "Generation",
    "HistoryData",
    "ParameterRanges",
    "PopulationData",
    "Progress",
    "ProgressLine",
    "RangesData",
    "ResultRow",
    "RoundRange",
    "failure_rows",
    "failures_table",
    "history_data",
    "plot_history",
    "plot_population",
    "plot_ranges",
    "population_data",
    "print_results",
    "print_summary",
    "ranges_data",
    "result_rows",
    "results_table",
]
