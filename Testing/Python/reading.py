"""Read folders in a test, or collect why they are refused."""

import pytest
from ReirradiationCore.dicom import ReadOptions, read_courses
from ReirradiationCore.errors import RefusedError


def read(*folders, **options):
    return read_courses(list(folders), ReadOptions(**options))


def reasons(*folders, **options):
    with pytest.raises(RefusedError) as refused:
        read(*folders, **options)
    return refused.value.reasons
