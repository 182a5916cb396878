"""Reads event files back, record by record, checksums included, without a server."""

from dataclasses import dataclass

from tensorboard.compat.proto import event_pb2
from tensorboard.compat.tensorflow_stub import errors, pywrap_tensorflow
from tensorboard.plugins.hparams import metadata, plugin_data_pb2


@dataclass
class Run:
    """What a run's folder holds: (tag, value, step) in order of writing."""

    entries: list

    def tags(self):
        return [tag for tag, _, _ in self.entries]

    def value(self, tag):
        (value,) = [value for own, value, _ in self.entries if own == tag]
        return value

    def scalars(self, tag):
        return [(step, value) for own, value, step in self.entries if own == tag]

    @property
    def started(self):
        return self.value(metadata.SESSION_START_INFO_TAG)

    @property
    def status(self):
        return self.value(metadata.SESSION_END_INFO_TAG).status

    @property
    def hparams(self):
        kinds = {name: value.WhichOneof("kind") for name, value in self.started.hparams.items()}
        return {name: getattr(self.started.hparams[name], kind) for name, kind in kinds.items()}


def read_events(path):
    """Returns the whole records of an event file."""
    reader = pywrap_tensorflow.PyRecordReader_New(str(path))
    events = []
    while True:
        try:
            reader.GetNext()
        except (errors.OutOfRangeError, errors.DataLossError):
            return events
        events.append(event_pb2.Event.FromString(reader.record()))


def read_run(folder):
    """Returns what lies in a run's folder, over all its files."""
    entries = []
    for path in sorted(folder.glob("*tfevents*")):
        first, *others = read_events(path)
        assert first.file_version == "brain.Event:2"
        for event in others:
            entries += [(value.tag, _content(value), event.step) for value in event.summary.value]
    return Run(entries)


def runs(logdir):
    """Returns the names of the folders that TensorBoard takes as runs."""
    return sorted(str(path.parent.relative_to(logdir)) for path in set(logdir.rglob("*tfevents*")))


def read_experiment(logdir):
    """Returns the one experiment summary under a log directory."""
    (folder,) = logdir.glob("experiment-*")
    return read_run(folder).value(metadata.EXPERIMENT_TAG)


def _content(value):
    if value.metadata.plugin_data.plugin_name != metadata.PLUGIN_NAME:
        return value.simple_value
    data = plugin_data_pb2.HParamsPluginData.FromString(value.metadata.plugin_data.content)
    return getattr(data, data.WhichOneof("data"))
