"""The page of a review without a browser, for several tests."""

import asyncio

import SimpleITK as sitk


def settle(loop, actions):
    """Let the work after a change finish."""

    async def rest():
        for _ in range(400):
            await asyncio.sleep(0.02)
            if not actions.later.is_busy:
                return

    loop.run_until_complete(rest())


def saved_map(folder, name):
    """Values of a map of the demo as the run saved them."""
    return sitk.GetArrayFromImage(sitk.ReadImage(str(folder / "result" / "maps" / f"{name}.nrrd")))
