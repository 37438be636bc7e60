"""OpenCV's own person detector: no file, no download, and far behind any network.

Histograms of oriented gradients with a linear SVM: Dalal and Triggs, CVPR 2005.
"""

import cv2
import numpy as np

from edged.vision.tensors import Array, ModelError, Spec, Tensor

_LOWEST_DISTANCE = -0.4  # of the SVM: a score of 0.1, the least a tracker asks for


class Hog:
    """See `tensors.Engine`: takes a grey picture of any size, gives boxes (N, 4) as x, y, width, height and SVM distances (N,)."""

    def __init__(self, threads: int) -> None:
        self._hog = cv2.HOGDescriptor()
        self._hog.setSVMDetector(np.asarray(cv2.HOGDescriptor.getDefaultPeopleDetector(), np.float32))
        self.input = Spec((None, None), np.dtype(np.uint8))
        self.runtime = f"OpenCV {cv2.__version__}"
        self.device = f"CPU, threads: {threads}"
        self.notice = ""
        self.on_cpu = True

    def run(self, tensor: Array) -> tuple[Tensor, ...]:
        try:
            boxes, distances = self._hog.detectMultiScale(
                tensor, hitThreshold=_LOWEST_DISTANCE, winStride=(8, 8), padding=(8, 8), scale=1.08, groupThreshold=0
            )
        except cv2.error as error:
            raise ModelError(f"{self.runtime} failed: {error.err}") from error
        found = np.asarray(boxes, np.float32).reshape(-1, 4)
        return Tensor(found, name="boxes"), Tensor(np.asarray(distances, np.float32).reshape(-1), name="distances")
