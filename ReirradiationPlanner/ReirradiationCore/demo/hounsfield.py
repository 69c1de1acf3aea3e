"""From anatomy to CT numbers: HU of the demo pelvis at points of today's anatomy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from . import bones, organs
from .body import body, muscles
from .shapes import FAR_MM, Array, Shape, grown
from .texture import Texture

AIR_HU, FAT_HU, MUSCLE_HU, SKIN_HU = -1000.0, -104.0, 56.0, 15.0
URINE_HU, BLOOD_HU, WALL_HU, GAS_HU = 6.0, 44.0, 42.0, -880.0
EDGE_MM = 2.0  # width over which a surface is blurred by the voxels


def hounsfield(points: Array, texture: Texture, with_node: bool) -> Array:
    """HU (N,) at points (3, N) of today's anatomy, LPS, mm, without couch and scanner noise."""
    hu = np.full(points.shape[1], AIR_HU)
    inside = body().near(points)
    part = points[:, inside]
    depth = body().depth(part)
    close = depth > -EDGE_MM
    inside, part, depth = inside[close], part[:, close], depth[close]
    if inside.size:
        fine, coarse = texture.sample(part)
        tissue = _Tissue(part, depth, fine, coarse)
        tissue.paint_all(with_node)
        hu[inside] = AIR_HU + coverage(depth) * (tissue.hu - AIR_HU)
    return hu


def coverage(depth: Array, edge_mm: float = EDGE_MM) -> Array:
    """Part of a voxel inside a surface, from the depth of its centre, mm."""
    return np.clip(depth / edge_mm + 0.5, 0, 1)


@dataclass(frozen=True)
class _Spot:
    """Points near a shape: depth in it, position from front to back (mm) and the two textures."""

    depth: Array
    y: Array
    fine: Array
    coarse: Array


Paint = Callable[[_Spot], Array]


class _Tissue:
    """HU of points inside the skin, painted from the outside in."""

    def __init__(self, points: Array, depth: Array, fine: Array, coarse: Array) -> None:
        self.points, self.depth, self.fine, self.coarse = points, depth, fine, coarse
        strand = np.exp(-((coarse / 0.09) ** 2)) * np.clip(fine + 0.6, 0, 1)
        self.hu = FAT_HU + 7 * fine + 46 * strand

    def paint_all(self, with_node: bool) -> None:
        """Draw every tissue in order; later ones cover earlier ones."""
        self.hu += coverage(2.2 - self.depth) * (SKIN_HU - self.hu)
        self._muscles()
        self._bowel()
        self._pelvic_organs()
        for left in (True, False):
            self._paint(organs.vein(left), lambda at: BLOOD_HU + 4 * at.fine)
            self._paint(organs.artery(left), _arterial)
            self._paint(organs.plexus(left), lambda at: 36 + 5 * at.fine)
        if with_node:
            self._paint(organs.node(), lambda at: 38 + 9 * at.fine)
        self._bones()

    def _paint(self, shape: Shape, paint: Paint) -> None:
        """Cover ``shape`` with what ``paint`` gives."""
        index = shape.near(self.points)
        if index.size:
            points = self.points[:, index]
            depth = shape.depth(points)
            spot = _Spot(depth, points[1], self.fine[index], self.coarse[index])
            self.hu[index] += coverage(depth) * (paint(spot) - self.hu[index])

    def _muscles(self) -> None:
        first = np.full(len(self.hu), FAR_MM)
        second = first.copy()
        for shape in muscles():
            index = shape.near(self.points)
            if index.size:
                depth, best = shape.depth(self.points[:, index]), first[index]
                second[index] = np.maximum(second[index], np.minimum(best, depth))
                first[index] = np.maximum(best, depth)
        sheet = np.clip((first - second) / 2.2, 0, 1)
        marbling = np.exp(-(((self.coarse - 0.7) / 0.07) ** 2)) * np.clip(self.fine, 0, 1)
        value = MUSCLE_HU + 9 * self.fine + 5 * self.coarse - 75 * marbling
        share = coverage(first) * (0.25 + 0.75 * sheet) * coverage(self.depth - 5)
        self.hu += share * (value - self.hu)

    def _bowel(self) -> None:
        for i, loop in enumerate(organs.bowel_loops()):
            self._paint(loop, _hollow(2.4, _chyme(-64.0 - 4 * (i % 2))))
        self._paint(organs.caecum(), _hollow(2.6, _stool(-40.0, 99.0)))
        self._paint(organs.colon_whole(), _hollow(3.0, _stool(-22.0, 0.25)))

    def _pelvic_organs(self) -> None:
        self._paint(organs.prostate(), lambda at: 46 + 7 * at.fine)
        self._paint(organs.seminal_vesicles(), lambda at: 34 + 6 * at.fine)
        self._paint(organs.bladder(), _hollow(3.2, lambda at: np.full(len(at.fine), URINE_HU)))
        self._paint(organs.rectum(), _hollow(3.2, lambda at: 30 + 14 * at.fine + 8 * at.coarse))
        self._paint(organs.rectal_gas(), lambda at: np.full(len(at.fine), GAS_HU))

    def _bones(self) -> None:
        self._paint(bones.sacral_canal(), lambda at: -70 + 8 * at.fine)
        self._paint(organs.thecal_sac(), lambda at: 18 + 6 * at.fine)
        self._paint(bones.disc(), lambda at: 82 + 8 * at.fine)
        for shape in bones.spongy_bones():
            self._paint(shape, _spongy)
        self._paint(grown(bones.marrow(), 6.0), _shaft)


def _arterial(at: _Spot) -> Array:
    """Blood, with calcified plaques in the wall here and there."""
    blood = BLOOD_HU + 4 * at.fine
    plaque = coverage(1.8 - np.abs(at.depth - 0.9))
    plaque *= np.clip(2 * at.fine + 2 * at.coarse - 3.5, 0, 1)
    return blood + plaque * (480 - blood)


def _hollow(wall_mm: float, content: Paint) -> Paint:
    """Organ with a wall around a content."""

    def paint(at: _Spot) -> Array:
        wall = WALL_HU + 6 * at.fine
        return wall + coverage(at.depth - wall_mm) * (content(at) - wall)

    return paint


def _chyme(gas_level_mm: float) -> Paint:
    """Content of small bowel, with some gas in front of a level."""

    def paint(at: _Spot) -> Array:
        fluid = 24 + 10 * at.fine + 6 * at.coarse
        gas = coverage(gas_level_mm - at.y - 9 * at.coarse, 1.5) * np.clip(at.coarse * 3, 0, 1)
        return fluid + gas * (GAS_HU - fluid)

    return paint


def _stool(gas_level_mm: float, gas_offset: float) -> Paint:
    """Content of large bowel: stool with bubbles, and gas in front of a level."""

    def paint(at: _Spot) -> Array:
        bubbles = np.clip(at.fine * 0.8 + at.coarse - 0.9, 0, 1)
        stool = 32 + 22 * at.fine - 480 * bubbles
        gas = coverage(gas_level_mm - at.y - 9 * at.coarse, 1.5)
        gas *= np.clip(4 * (at.coarse + gas_offset), 0, 1)
        return stool + gas * (GAS_HU - stool)

    return paint


def _spongy(at: _Spot) -> Array:
    """Trabecular bone inside a cortex."""
    trabecular = 215 + 60 * at.fine + 35 * at.coarse
    return trabecular + np.exp(-((np.clip(at.depth, 0, None) / 2.0) ** 4)) * (760 - trabecular)


def _shaft(at: _Spot) -> Array:
    """Long bone: thick cortex around marrow; depth 6 mm is where the marrow begins."""
    marrow = -35 + 12 * at.fine
    return 1250 + coverage(at.depth - 6.0, 3.0) * (marrow - 1250)
