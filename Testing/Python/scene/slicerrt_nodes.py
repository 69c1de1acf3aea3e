"""Nodes as SlicerRT (df6ef69) and Slicer's DICOM modules leave them, made from files with pydicom.

Nothing here uses the reader or the node code of this repository, so that they can be compared.
File names in the comments are those of Slicer's and SlicerRT's sources.
"""

import pydicom
import slicer
import vtk

NAMES = {
    "DICOM.PatientName": "PatientName",
    "DICOM.PatientID": "PatientID",
    "DICOM.PatientSex": "PatientSex",
    "DICOM.PatientBirthDate": "PatientBirthDate",
}


def load_like_slicerrt(scene, folder):
    """Load every series of a folder; return SOP Instance UID to file, as the database has them."""
    files = {path: pydicom.dcmread(path) for path in sorted(folder.rglob("*.dcm"))}
    ct = {}
    for path, dataset in files.items():
        if dataset.Modality == "CT":
            ct.setdefault(str(dataset.SeriesInstanceUID), []).append((path, dataset))
    for slices in ct.values():
        _add_ct(scene, slices)
    for modality, add in (
        ("RTSTRUCT", _add_structures),
        ("RTPLAN", _add_plan),
        ("RTDOSE", _add_dose),
    ):
        for path, dataset in files.items():
            if dataset.Modality == modality:
                add(scene, path, dataset)
    return {str(dataset.SOPInstanceUID): path for path, dataset in files.items()}


def _tree(scene):
    return slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)


def _insert(scene, item, dataset, instance_uids):
    """As vtkSlicerDicomRtImportExportModuleLogic.cxx, InsertSeriesInSubjectHierarchy."""
    tree = _tree(scene)
    patient = tree.GetItemByUID("DICOM", str(dataset.PatientID))
    if not patient:
        patient = tree.CreateSubjectItem(tree.GetSceneItemID(), str(dataset.PatientName))
        tree.SetItemUID(patient, "DICOM", str(dataset.PatientID))
        for attribute, keyword in NAMES.items():
            tree.SetItemAttribute(patient, attribute, str(dataset.get(keyword, "")))
    study = tree.GetItemByUID("DICOM", str(dataset.StudyInstanceUID))
    if not study:
        study = tree.CreateStudyItem(patient, str(dataset.get("StudyDescription", "")))
        tree.SetItemUID(study, "DICOM", str(dataset.StudyInstanceUID))
        # GetDICOMStudyInstanceUIDTagName has no prefix, the other study attributes have one
        tree.SetItemAttribute(study, "StudyInstanceUID", str(dataset.StudyInstanceUID))
        tree.SetItemAttribute(study, "DICOM.StudyDate", str(dataset.get("StudyDate", "")))
        description = str(dataset.get("StudyDescription", ""))
        tree.SetItemAttribute(study, "DICOM.StudyDescription", description)
    tree.SetItemUID(item, "DICOM", str(dataset.SeriesInstanceUID))
    tree.SetItemUID(item, "DICOMInstanceUID", instance_uids)
    tree.SetItemAttribute(item, "DICOM.Modality", str(dataset.Modality))
    tree.SetItemParent(item, study)
    return study


def _item(scene, node):
    tree = _tree(scene)
    return tree.GetItemByDataNode(node) or tree.CreateItem(tree.GetSceneItemID(), node)


def _read(node, paths):
    storage = slicer.vtkMRMLVolumeArchetypeStorageNode()
    storage.SetFileName(str(paths[0]))
    storage.ResetFileNameList()
    for path in paths:
        storage.AddFileName(str(path))
    storage.SetSingleFile(int(len(paths) == 1))
    assert storage.ReadData(node)


def _add_ct(scene, slices):
    """DICOMScalarVolumePlugin.py setVolumeNodeProperties, DICOMPlugin.py addSeriesIn..."""
    slices.sort(key=lambda pair: float(pair[1].ImagePositionPatient[2]))
    node = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", scene.GenerateUniqueName("CT"))
    _read(node, [path for path, _ in slices])
    uids = " ".join(str(dataset.SOPInstanceUID) for _, dataset in slices)
    node.SetAttribute("DICOM.instanceUIDs", uids)
    first, item = slices[0][1], _item(scene, node)
    _insert(scene, item, first, uids)
    _tree(scene).SetItemAttribute(item, "DICOM.FrameOfReferenceUID", str(first.FrameOfReferenceUID))


def _contours(roi):
    """vtkSlicerDicomRtReader.cxx LoadContour: float points, RAS, first point again at the end."""
    points, cells = vtk.vtkPoints(), vtk.vtkCellArray()
    for contour in roi.get("ContourSequence", ()):
        data = [float(value) for value in contour.ContourData]
        count = len(data) // 3
        first = points.GetNumberOfPoints()
        cells.InsertNextCell(count + 1)
        for k in range(count):
            points.InsertNextPoint(-data[3 * k], -data[3 * k + 1], data[3 * k + 2])
            cells.InsertCellPoint(first + k)
        cells.InsertCellPoint(first)
    found = vtk.vtkPolyData()
    found.SetPoints(points)
    found.SetLines(cells)
    return found


def _add_structures(scene, _path, dataset):
    """LoadRtStructureSet: source Planar contour, random segment IDs, RoiNumber as a tag."""
    series = dataset.ReferencedFrameOfReferenceSequence[0].RTReferencedStudySequence[0]
    series_uid = str(series.RTReferencedSeriesSequence[0].SeriesInstanceUID)
    tree = _tree(scene)
    node = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", scene.GenerateUniqueName("RTSTRUCT"))
    node.GetSegmentation().SetSourceRepresentationName("Planar contour")
    image = tree.GetItemDataNode(tree.GetItemByUID("DICOM", series_uid))
    node.SetReferenceImageGeometryParameterFromVolumeNode(image)
    item = _item(scene, node)
    names = {int(roi.ROINumber): str(roi.ROIName) for roi in dataset.StructureSetROISequence}
    for roi in dataset.ROIContourSequence:
        contours = _contours(roi)
        if contours.GetNumberOfPoints() < 2:
            continue
        segment = slicer.vtkSegment()
        segment.SetName(names[int(roi.ReferencedROINumber)])
        color = roi.get("ROIDisplayColor", (255, 200, 0))
        segment.SetColor([float(part) / 255.0 for part in color])
        segment.AddRepresentation("Planar contour", contours)
        node.GetSegmentation().AddSegment(segment)
        segment.SetTag("DicomRtImport.RoiNumber", str(int(roi.ReferencedROINumber)))
    _insert(scene, item, dataset, str(dataset.SOPInstanceUID))
    tree.SetItemAttribute(item, "DicomRtImport.RoiReferencedSeriesUid", series_uid)


def _add_plan(scene, _path, dataset):
    """LoadRtPlan: its node class is SlicerRT's own, here the item has no node."""
    tree = _tree(scene)
    item = tree.CreateFolderItem(tree.GetSceneItemID(), f"RTPLAN: {dataset.RTPlanLabel}")
    _insert(scene, item, dataset, str(dataset.SOPInstanceUID))
    structures = str(dataset.ReferencedStructureSetSequence[0].ReferencedSOPInstanceUID)
    tree.SetItemAttribute(item, "DICOM.ReferencedInstanceUIDs", structures)


def _add_dose(scene, path, dataset):
    """LoadRtDose: ITK's geometry with the file's pixel spacing, float values times the scaling."""
    node = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", scene.GenerateUniqueName("RTDOSE"))
    _read(node, [path])
    node.SetSpacing(
        float(dataset.PixelSpacing[0]), float(dataset.PixelSpacing[1]), node.GetSpacing()[2]
    )
    node.SetAttribute("DicomRtImport.DoseVolume", "1")
    stored = slicer.util.arrayFromVolume(node).astype("float32")
    scaled = (stored * float(dataset.DoseGridScaling)).astype("float32")
    slicer.util.updateVolumeFromArray(node, scaled)
    tree, item = _tree(scene), _item(scene, node)
    plan = str(dataset.ReferencedRTPlanSequence[0].ReferencedSOPInstanceUID)
    tree.SetItemAttribute(item, "DICOM.ReferencedInstanceUIDs", plan)
    study = _insert(scene, item, dataset, str(dataset.SOPInstanceUID))
    tree.SetItemAttribute(study, "DicomRtImport.DoseUnitName", str(dataset.DoseUnits))
    tree.SetItemAttribute(study, "DicomRtImport.DoseUnitValue", str(dataset.DoseGridScaling))
