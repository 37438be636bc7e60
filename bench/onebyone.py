"""Which frames of one-by-one-person-detection.mp4 show somebody in full, by eye, every tenth frame: from head to foot, or nobody and no shadow either."""

CLIP = "clips/one-by-one-person-detection.mp4"
FULL_VIEW = frozenset(
    number
    for first, end in ((80, 200), (240, 450), (520, 700), (770, 870), (940, 1200), (1260, 1360))
    for number in range(first, end, 10)
)
EMPTY = frozenset(
    number
    for first, end in ((0, 60), (210, 230), (460, 510), (710, 750), (880, 920))
    for number in range(first, end, 10)
)
