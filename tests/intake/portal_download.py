"""A small made-up table of the columns of the TARGET ALL study's download: one row per sample, nobody in it exists."""

from __future__ import annotations

import numpy as np

from analytics.intake.tables import SourceTable
from tests.intake.source_tables import table_of

SITES = ("Bone Marrow Site of Relapse", "CNS Site of Relapse", "Testes Site of Relapse", "Other Site of Relapse")
# First event, sites of relapse (marrow, CNS, testes, other), whether the child has died, how often.
KINDS = (
    ("Relapse", (1, 0, 0, 0), 1, 9),
    ("Relapse", (1, 0, 0, 0), 0, 5),
    ("Relapse", (0, 1, 0, 0), 1, 3),
    ("Relapse", (0, 1, 0, 0), 0, 3),
    ("Relapse", (1, 1, 0, 0), 1, 2),
    ("Relapse", (0, 0, 1, 0), 0, 2),
    ("Relapse", (1, 0, 1, 0), 1, 1),
    ("Relapse", (1, 1, 1, 0), 0, 1),
    ("Relapse", (1, 1, 0, 1), 1, 1),
    ("Relapse", (0, 0, 0, 1), 0, 1),
    ("None", (0, 0, 0, 0), 0, 44),
    ("Censored", (0, 0, 0, 0), 0, 6),
    ("Death", (0, 0, 0, 0), 1, 4),
    ("Death without Remissio", (0, 0, 0, 0), 1, 1),
    ("Induction failure", (0, 0, 0, 0), 1, 2),
    ("SMN", (0, 0, 0, 0), 1, 2),
    ("SMN", (0, 0, 0, 0), 0, 1),
    ("Progression", (0, 0, 0, 0), 0, 1),
    ("NA", (0, 0, 0, 0), 0, 2),
)
N_CHILDREN = sum(n for *_, n in KINDS)


def made_up_download(seed: int = 7) -> SourceTable:
    """A table as the portal gives it: texts, "NA" for unknown, some children with several samples."""
    rng = np.random.default_rng(seed)
    kinds = [kind[:3] for kind in KINDS for _ in range(kind[3])]
    rows: list[dict[str, str]] = []
    for i in rng.permutation(len(kinds)):
        event, sites, died = kinds[i]
        until = int(rng.integers(100, 3000))
        followed = until + (int(rng.integers(1, 1500)) if event in ("Relapse", "SMN", "Induction failure") else 0)
        is_lost = event == "NA"
        boy = sites[2] == 1 or rng.random() < 0.5
        mrd = rng.choice(["0.0", "0.0", "0.009", "0.01", "0.5", "NA"])
        child = {
            "Study ID": "all_made_up",
            "Patient ID": f"MADE-UP-{i:03d}",
            "Diagnosis Age": str(int(rng.integers(1, 18))),
            "Diagnosis Age (days)": f"{int(rng.integers(300, 6500))}.0",
            "BCR ABL1 Status": str(rng.choice(["Negative", "Negative", "Negative", "Positive", "Unknown"])),
            "Cell of tumor origin": str(rng.choice(["B-Precursor", "B Cell ALL", "T Cell ALL", "NA"])),
            "CNS Status": str(rng.choice(["CNS 1", "CNS 1", "CNS 2", "CNS 2a", "CNS 2c", "CNS 3b", "."])),
            "Time To Event (days)": "NA" if is_lost else f"{until}.0",
            "ETV6-RUNX1 Fusion Status": str(rng.choice(["Negative", "Positive", "Unknown"])),
            "First Event": event,
            "MLL Status": str(rng.choice(["Negative", "Negative", "Positive", "NA"])),
            "MRD Percentage Day 29": str(mrd),
            "MRD Percentage Day 8": "NA",
            "Overall Survival Days": "NA" if is_lost else f"{followed}.0",
            "Overall Survival Status": "1:DECEASED" if died else "0:LIVING",
            "Protocol": str(rng.choice(["AALL0232", "AALL0331", "AALL0434", "9906"])),
            "Sex": "Male" if boy else "Female",
            "TCF3-PBX1 Status": str(rng.choice(["Negative", "Positive", "Unknown"])),
            "Trisomy 4_10": str(rng.choice(["Negative", "Positive", "Unknown"])),
            "WBC": f"{rng.lognormal(3, 1.2):.1f}",
            **{name: "Yes" if ticked else "No" for name, ticked in zip(SITES, sites, strict=True)},
        }
        for sample in range(int(rng.choice([1, 1, 1, 2, 3]))):
            rows.append({**child, "Sample ID": f"MADE-UP-{i:03d}-{sample:02d}"})
    # Of one child the first sample says nothing of the white cells, of another two samples name two trials.
    several = [i for i in range(1, len(rows)) if rows[i]["Patient ID"] == rows[i - 1]["Patient ID"]]
    rows[several[0] - 1]["WBC"] = "NA"
    rows[several[1]]["Protocol"] = "AALL0031"
    return table_of({name: [row[name] for row in rows] for name in rows[0]}, "download.tsv")
