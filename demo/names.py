"""Invented names of people and companies, by the country they come from."""

from __future__ import annotations

import random

_ENGLISH = (
    "Ava Noah Mia Liam Zoe Ethan Chloe Mason Ruby Logan Hazel Owen Nora Caleb Isla Felix Stella Hugo Violet "
    "Silas Naomi Jasper Tessa Miles Leah Damian Ivy Conrad Maya Elliot Gemma Reid Paige Wesley Daphne Theo "
    "Carmen Andre Lucia Rohan Anika Darius Imani Kofi Mei Hiro Leila Omar Yara Dmitri",
    "Hartley Ramos Okafor Whitfield Delgado Pryor Lindqvist Navarro Castellano Boyd Abbott Mercer Holloway "
    "Patel Nguyen Ellison Barrett Sinclair Crawford Donovan Yates Langley Marsh Osborne Kim Reyes Vaughn "
    "Thornton Ashby Carver Dalton Fairbanks Greer Hale Ingram Jarvis Keating Lowell Maddox Nolan Petrov "
    "Quinn Rhodes Singh Tran Underwood Voss Winslow Zamora Costa",
)
_PEOPLE: dict[str, tuple[str, str]] = {
    "Germany": (
        "Lukas Hannah Felix Lea Maximilian Clara Moritz Greta Niklas Frieda Anton Johanna Emil Lotte Ruben",
        "Schuster Vogel Kramer Lindner Hartmann Seidel Brandl Albrecht Winkler Roth Ziegler Engel Pfeiffer",
    ),
    "France": (
        "Camille Lucas Manon Hugo Juliette Antoine Elise Mathieu Chloe Bastien Margaux Thibault Oceane Remi",
        "Lefebvre Girard Rousseau Fontaine Chevalier Marchand Perrin Blanchard Renaud Gaillard Picard Aubert",
    ),
    "Spain": (
        "Lucia Mateo Carmen Alejandro Paula Diego Marta Javier Elena Pablo Ines Sergio Nuria Adrian",
        "Romero Vidal Serrano Molina Ortega Delgado Pascual Iglesias Cabrera Reyes Fuentes Soler",
    ),
    "Netherlands": (
        "Daan Sanne Bram Fleur Sem Lotte Thijs Femke Lars Anouk Jeroen Maud",
        "Bakker Visser Mulder Dekker Hendriks Kuiper Brouwer Schouten Vermeer Hoekstra",
    ),
    "Japan": (
        "Haruto Yui Sora Aoi Ren Hina Kaito Mio Takumi Rin Daiki Emi",
        "Tanaka Kobayashi Nakamura Yamaguchi Matsuda Fujita Ishikawa Mori Hayashi Ogawa",
    ),
}

_ROOTS = (
    "Alder Amber Anvil Arbor Aspen Beacon Birch Bramble Brook Canyon Cedar Cinder Clover Cobalt Copper Coral "
    "Crest Dover Ember Fable Falcon Fern Finch Flint Foxglove Garnet Granite Grove Halcyon Hawthorn Heron "
    "Hollis Indigo Ivory Juniper Larch Lark Linden Lumina Magnolia Marlow Meridian Mosaic Nimbus Oakline "
    "Onyx Opal Orchard Osprey Pebble Pinnacle Quartz Quill Raven Ridge Rowan Saffron Sable Sequoia Sierra "
    "Slate Sparrow Summit Sycamore Tamarind Thistle Timberline Umber Vesper Willow Wren Yarrow Zephyr"
)
# country: words put after a root, for small businesses and for enterprises
_TRADES: dict[str, tuple[str, str]] = {
    "Germany": (
        "Werkstatt Buchladen Praxis Backstube Handwerk",
        "Technik Energie Logistik Anlagenbau Medizintechnik",
    ),
    "France": (
        "Boulangerie Librairie Fleurs Cabinet Studio",
        "Groupe Conseil Industrie Transports Assurances",
    ),
    "Spain": ("Cocina Taller Libros Flores Estudio", "Grupo Seguros Alimentos Construcciones Viajes"),
    "Netherlands": ("Bloemen Atelier Fietsen Boeken Studio", "Groep Logistiek Techniek Bouw Haven"),
    "Japan": ("Studio Ceramics Tea Bakery Interiors", "Trading Precision Motors Electric Holdings"),
}
_ENGLISH_TRADES = (
    "Bakery Bistro Books Bikes Ceramics Coffee Dental Design Florist Gallery Media Optics Pharmacy "
    "Photography Physio Print Salon Studio Travel Veterinary Yoga Architects Interiors",
    "Airlines Analytics Bank Biotech Construction Energy Financial Foods Group Health Hospitals Hotels "
    "Industries Insurance Logistics Manufacturing Networks Pharma Properties Retail Systems University",
)


def person(rng: random.Random, country: str, taken: set[str]) -> tuple[str, str]:
    """A first and a last name not in `taken` (full names), which it joins."""
    first, last = _PEOPLE.get(country, _ENGLISH)
    while True:
        name = rng.choice(first.split()), rng.choice(last.split())
        if " ".join(name) not in taken:
            taken.add(" ".join(name))
            return name


def company(rng: random.Random, country: str, segment: str, taken: set[str]) -> str:
    """A company name not in `taken`, which it joins."""
    small, large = _TRADES.get(country, _ENGLISH_TRADES)
    trades = large if segment == "Enterprise" else small
    while True:
        name = f"{rng.choice(_ROOTS.split())} {rng.choice(trades.split())}"
        if name not in taken:
            taken.add(name)
            return name
