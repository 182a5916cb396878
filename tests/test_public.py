"""What is public is named in `__all__`, exists, and is documented."""

import importlib
import inspect
import pkgutil

import pytest

import tfhpo


def packages():
    """The names of all packages of tfhpo, found by walking."""
    found = pkgutil.walk_packages(tfhpo.__path__, "tfhpo.")
    return ["tfhpo", *(module.name for module in found if module.ispkg)]


def members(cls):
    """The public methods and properties that a class of tfhpo defines itself."""
    for name, member in vars(cls).items():
        plain = member.__func__ if isinstance(member, (classmethod, staticmethod)) else member
        if not name.startswith("_") and (inspect.isfunction(plain) or isinstance(plain, property)):
            yield name


@pytest.fixture(params=packages())
def package(request):
    return importlib.import_module(request.param)


def exported(package):
    """What a package exports; one without `__all__` exports nothing."""
    return getattr(package, "__all__", [])


def test_the_package_says_what_it_is_for(package):
    assert package.__doc__


def test_every_exported_name_exists_once(package):
    assert len(set(exported(package))) == len(exported(package))
    for name in exported(package):
        assert hasattr(package, name), f"{package.__name__} exports {name}, which does not exist"


def test_every_name_that_a_package_imports_for_others_is_exported(package):
    private = {"annotations", "TYPE_CHECKING"}
    public = {
        name
        for name, item in vars(package).items()
        if not name.startswith("_")
        and not inspect.ismodule(item)
        and getattr(item, "__module__", "tfhpo").split(".")[0] == "tfhpo"
    }
    assert public - private <= set(exported(package))


def test_everything_exported_is_documented(package):
    bare = []
    for name in exported(package):
        item = getattr(package, name)
        if not (inspect.isclass(item) or inspect.isfunction(item)):
            continue
        if not inspect.getdoc(item):
            bare.append(name)
        if inspect.isclass(item) and item.__module__.startswith("tfhpo"):
            bare += [
                f"{name}.{member}"
                for member in members(item)
                if not inspect.getdoc(getattr(item, member))
            ]
    assert not bare, f"{package.__name__}: without a docstring: {bare}"
