"""A clinic's database, small and real, for what meets a database that nobody has worded."""

from __future__ import annotations

import random
import sqlite3
from datetime import date, timedelta
from pathlib import Path

TODAY = date(2026, 11, 22)
_TABLES = """
CREATE TABLE Doctors (
    doctor_id INTEGER PRIMARY KEY, doctor_name TEXT, specialty TEXT, yearly_salary REAL, hired DATE
);
CREATE TABLE patients (
    id INTEGER PRIMARY KEY, first_name TEXT, last_name TEXT, city TEXT, birth_year INTEGER, is_insured INTEGER,
    email TEXT
);
CREATE TABLE patient_visits (
    visit_id INTEGER PRIMARY KEY, patient_id INTEGER REFERENCES patients (id),
    doctorID INTEGER REFERENCES Doctors (doctor_id), visit_date DATE NOT NULL, fee REAL, reason_code TEXT,
    rating INTEGER
);
CREATE TABLE rooms (room_no INTEGER PRIMARY KEY, beds INTEGER, floor INTEGER);
"""
_FIRST = ("Ada", "Ben", "Cora", "Dan", "Eve", "Finn", "Gus", "Hana", "Ida", "Jon")
_LAST = ("Adler", "Brandt", "Castro", "Dorn", "Ebert", "Fuchs")
_CITIES = ("Bremen", "Ulm", "Kassel", "Jena")
_REASONS = ("checkup", "fracture", "cough", "allergy")
_DOCTORS = (("Weber", "surgery"), ("Lang", "pediatrics"), ("Okoye", "surgery"), ("Silva", "dermatology"))


def build_clinic(path: Path) -> Path:
    """The database at `path`: 4 doctors, 40 patients, 300 visits of the two years before TODAY, 12 rooms."""
    rng = random.Random(5)
    with sqlite3.connect(path) as connection:
        connection.executescript(_TABLES)
        doctors = [
            (i, f"Dr. {name}", what, 60_000 + 9_000 * i, str(date(2012 + i, 3, 1)))
            for i, (name, what) in enumerate(_DOCTORS, 1)
        ]
        patients = [
            (i, _FIRST[i % 10], _LAST[i % 6], rng.choice(_CITIES), rng.randint(1940, 2015), i % 2,
             f"p{i}@example.org" if i % 5 else None)
            for i in range(1, 41)
        ]  # fmt: skip
        visits = [
            (i, rng.randint(1, 38), rng.randint(1, 3), str(TODAY - timedelta(days=rng.randint(0, 700))),
             float(rng.randint(20, 400)), rng.choice(_REASONS), rng.randint(1, 5))
            for i in range(1, 301)
        ]  # fmt: skip
        connection.executemany("INSERT INTO Doctors VALUES (?, ?, ?, ?, ?)", doctors)
        connection.executemany("INSERT INTO patients VALUES (?, ?, ?, ?, ?, ?, ?)", patients)
        connection.executemany("INSERT INTO patient_visits VALUES (?, ?, ?, ?, ?, ?, ?)", visits)
        connection.executemany("INSERT INTO rooms VALUES (?, ?, ?)", [(i, 1 + i % 3, 1 + i % 4) for i in range(1, 13)])
    connection.close()
    return path
