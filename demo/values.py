"""The fixed values of Harbor & Pine: what the company sells, where, through whom. Questions name these."""

from __future__ import annotations

# name: location, annual budget, head's title, head's salary, other titles
DEPARTMENTS: dict[str, tuple[str, int, str, int, tuple[str, ...]]] = {
    "Sales": ("Boston", 4_200_000, "VP of Sales", 212_000,
              ("Account Executive", "Sales Representative", "Sales Manager")),
    "Marketing": ("Austin", 2_350_000, "VP of Marketing", 198_000,
                  ("Marketing Specialist", "Content Designer", "SEO Analyst")),
    "Engineering": ("Seattle", 5_100_000, "VP of Engineering", 236_000,
                    ("Software Engineer", "Senior Software Engineer", "Data Engineer", "QA Engineer")),
    "Finance": ("Boston", 1_450_000, "Chief Financial Officer", 241_000,
                ("Accountant", "Financial Analyst")),
    "Human Resources": ("Denver", 980_000, "HR Director", 162_000, ("Recruiter", "HR Specialist")),
    "Customer Support": ("Austin", 1_620_000, "Head of Support", 148_000,
                         ("Support Agent", "Support Lead")),
    "Operations": ("Denver", 3_250_000, "Operations Director", 176_000,
                   ("Logistics Coordinator", "Warehouse Manager")),
    "Legal": ("London", 1_150_000, "General Counsel", 224_000, ("Paralegal", "Corporate Counsel")),
}

# title: lowest salary, highest salary, people
TITLES: dict[str, tuple[int, int, int]] = {
    "Account Executive": (68_000, 104_000, 11), "Sales Representative": (48_000, 72_000, 15),
    "Sales Manager": (98_000, 136_000, 3),
    "Marketing Specialist": (54_000, 82_000, 5), "Content Designer": (58_000, 88_000, 3),
    "SEO Analyst": (52_000, 79_000, 3),
    "Software Engineer": (95_000, 139_000, 10), "Senior Software Engineer": (138_000, 186_000, 6),
    "Data Engineer": (112_000, 161_000, 4), "QA Engineer": (78_000, 112_000, 3),
    "Accountant": (59_000, 92_000, 5), "Financial Analyst": (71_000, 108_000, 4),
    "Recruiter": (56_000, 84_000, 4), "HR Specialist": (54_000, 79_000, 3),
    "Support Agent": (38_000, 56_000, 14), "Support Lead": (58_000, 78_000, 3),
    "Logistics Coordinator": (46_000, 68_000, 8), "Warehouse Manager": (67_000, 98_000, 5),
    "Paralegal": (57_000, 81_000, 1), "Corporate Counsel": (128_000, 182_000, 2),
}

SEGMENTS: dict[str, int] = {"Consumer": 220, "Small Business": 120, "Enterprise": 60}

# city: country, weight
CITIES: dict[str, tuple[str, int]] = {
    "New York": ("United States", 52), "Chicago": ("United States", 30),
    "San Francisco": ("United States", 28), "Boston": ("United States", 26),
    "Austin": ("United States", 20), "Seattle": ("United States", 22),
    "Denver": ("United States", 15), "Miami": ("United States", 13),
    "Toronto": ("Canada", 20), "Vancouver": ("Canada", 12), "Montreal": ("Canada", 10),
    "London": ("United Kingdom", 29), "Manchester": ("United Kingdom", 12),
    "Edinburgh": ("United Kingdom", 9),
    "Berlin": ("Germany", 19), "Munich": ("Germany", 14), "Hamburg": ("Germany", 11),
    "Paris": ("France", 16), "Lyon": ("France", 7),
    "Madrid": ("Spain", 10), "Barcelona": ("Spain", 9),
    "Amsterdam": ("Netherlands", 12),
    "Sydney": ("Australia", 11), "Melbourne": ("Australia", 8),
    "Tokyo": ("Japan", 9),
}

# name, segment, city
KEY_CUSTOMERS: tuple[tuple[str, str, str], ...] = (
    ("Globex Industries", "Enterprise", "New York"),
    ("Initech", "Enterprise", "Austin"),
    ("Stellar Foods", "Enterprise", "Chicago"),
    ("Bluewater Hotels", "Enterprise", "Miami"),
    ("Northwind Clinics", "Enterprise", "Toronto"),
    ("Kestrel Logistics", "Enterprise", "London"),
    ("Brandt Maschinenbau", "Enterprise", "Munich"),
    ("Atelier Moreau", "Small Business", "Paris"),
    ("Casa Verde", "Small Business", "Madrid"),
    ("Sakura Design", "Small Business", "Tokyo"),
    ("Maple & Co", "Small Business", "Vancouver"),
    ("Harbour Books", "Small Business", "Sydney"),
    ("Redwood Dental", "Small Business", "San Francisco"),
    ("Lakeside School", "Enterprise", "Seattle"),
    ("The Daily Grind", "Small Business", "Denver"),
    ("Fenwick Studio", "Small Business", "Edinburgh"),
    ("Nordlicht Cafe", "Small Business", "Hamburg"),
    ("Tulip Works", "Small Business", "Amsterdam"),
    ("Olivia Bennett", "Consumer", "Boston"),
    ("Marcus Chen", "Consumer", "San Francisco"),
    ("Priya Nair", "Consumer", "London"),
    ("Jonas Weber", "Consumer", "Berlin"),
    ("Sofia Garcia", "Consumer", "Barcelona"),
    ("Emily Tremblay", "Consumer", "Montreal"),
)

# name: country, rating (tenths), lead time in days
SUPPLIERS: dict[str, tuple[str, int, int]] = {
    "Acme Fabrication": ("United States", 41, 12), "Nordic Timber": ("Sweden", 47, 21),
    "Lumen Works": ("Germany", 44, 9), "Pacific Textiles": ("Vietnam", 38, 35),
    "Shenzhen Bright": ("China", 33, 42), "Casa Ceramica": ("Italy", 45, 18),
    "Greenleaf Nurseries": ("Netherlands", 36, 7), "Ironside Tools": ("United Kingdom", 40, 10),
    "Paperline": ("Canada", 43, 5), "Volta Electronics": ("South Korea", 46, 24),
    "Alpine Glass": ("Austria", 49, 15), "Delta Plastics": ("Mexico", 27, 14),
    "Sunrise Home": ("India", 31, 38), "Bosque Muebles": ("Spain", 24, 28),
}

CATEGORIES: tuple[str, ...] = (
    "Furniture", "Lighting", "Office Supplies", "Electronics", "Kitchen", "Garden", "Storage", "Textiles",
)

# category: (product, list price, supplier) ...
PRODUCTS: dict[str, tuple[tuple[str, int, str], ...]] = {
    "Furniture": (
        ("Oslo Desk", 349, "Nordic Timber"), ("Bergen Bookshelf", 189, "Nordic Timber"),
        ("Fjord Armchair", 279, "Nordic Timber"), ("Walnut Dining Table", 599, "Bosque Muebles"),
        ("Ergo Office Chair", 259, "Acme Fabrication"), ("Folding Stool", 39, "Delta Plastics"),
        ("Standing Desk Pro", 649, "Acme Fabrication"), ("Bamboo Nightstand", 99, "Pacific Textiles"),
    ),
    "Lighting": (
        ("Aurora Desk Lamp", 59, "Lumen Works"), ("Pendant Light Nova", 129, "Lumen Works"),
        ("Solar String Lights", 34, "Shenzhen Bright"), ("Floor Lamp Arc", 149, "Lumen Works"),
        ("LED Panel Slim", 79, "Shenzhen Bright"), ("Candle Lantern", 25, "Alpine Glass"),
        ("Smart Bulb Kit", 69, "Volta Electronics"),
    ),
    "Office Supplies": (
        ("A4 Paper Box", 29, "Paperline"), ("Gel Pen Set", 12, "Paperline"),
        ("Whiteboard Large", 119, "Acme Fabrication"), ("Desk Organizer", 24, "Delta Plastics"),
        ("Label Maker", 45, "Shenzhen Bright"), ("Sticky Notes Pack", 8, "Paperline"),
        ("Heavy Duty Stapler", 22, "Ironside Tools"),
    ),
    "Electronics": (
        ("Wireless Keyboard", 49, "Volta Electronics"), ("Ergonomic Mouse", 39, "Volta Electronics"),
        ("USB-C Dock", 129, "Volta Electronics"), ("Noise Cancelling Headset", 179, "Volta Electronics"),
        ("27 Inch Monitor", 299, "Volta Electronics"), ("Portable Speaker", 89, "Shenzhen Bright"),
        ("Webcam HD", 65, "Shenzhen Bright"), ("Power Strip Six", 28, "Shenzhen Bright"),
    ),
    "Kitchen": (
        ("Chef Knife", 54, "Ironside Tools"), ("Cast Iron Pan", 69, "Ironside Tools"),
        ("Espresso Machine", 399, "Casa Ceramica"), ("Ceramic Mug Set", 32, "Casa Ceramica"),
        ("Glass Carafe", 27, "Alpine Glass"), ("Cutting Board Oak", 36, "Nordic Timber"),
        ("Electric Kettle", 49, "Shenzhen Bright"), ("Spice Rack", 29, "Sunrise Home"),
    ),
    "Garden": (
        ("Patio Umbrella", 119, "Pacific Textiles"), ("Garden Hose 20m", 44, "Delta Plastics"),
        ("Teak Bench", 329, "Bosque Muebles"), ("Herb Planter", 26, "Greenleaf Nurseries"),
        ("Pruning Shears", 19, "Ironside Tools"), ("Fire Pit", 239, "Acme Fabrication"),
        ("Bird Feeder", 23, "Greenleaf Nurseries"),
    ),
    "Storage": (
        ("Stackable Crate", 17, "Delta Plastics"), ("Wardrobe Organizer", 49, "Sunrise Home"),
        ("Shoe Rack", 42, "Sunrise Home"), ("Rolling Cart", 89, "Acme Fabrication"),
        ("Storage Ottoman", 79, "Sunrise Home"), ("Wall Hooks Set", 15, "Delta Plastics"),
        ("Filing Cabinet", 159, "Acme Fabrication"),
    ),
    "Textiles": (
        ("Linen Curtains", 64, "Pacific Textiles"), ("Wool Throw", 84, "Nordic Timber"),
        ("Cotton Towel Set", 38, "Pacific Textiles"), ("Velvet Cushion", 29, "Sunrise Home"),
        ("Jute Rug", 139, "Sunrise Home"), ("Duvet Cover Queen", 74, "Pacific Textiles"),
        ("Table Runner", 21, "Sunrise Home"), ("Blackout Blind", 58, "Pacific Textiles"),
    ),
}

DISCONTINUED: frozenset[str] = frozenset(
    {"Folding Stool", "Candle Lantern", "Label Maker", "Webcam HD", "Glass Carafe", "Table Runner"}
)

# name, city, country, capacity in units
WAREHOUSES: tuple[tuple[str, str, str, int], ...] = (
    ("East Hub", "Boston", "United States", 6_400),
    ("West Hub", "Seattle", "United States", 5_200),
    ("Central Depot", "Chicago", "United States", 4_800),
    ("Europe North", "Hamburg", "Germany", 3_000),
    ("UK Depot", "Manchester", "United Kingdom", 3_600),
)

CHANNELS: tuple[str, ...] = ("web", "store", "phone", "partner")
METHODS: tuple[str, ...] = ("credit card", "paypal", "bank transfer", "invoice")
REASONS: tuple[str, ...] = ("damaged", "wrong item", "late delivery", "changed mind", "defective")
PRIORITIES: tuple[str, ...] = ("low", "medium", "high", "urgent")

# subject: weight, weights of the priorities low..urgent, whether it is about a product
SUBJECTS: dict[str, tuple[int, tuple[int, int, int, int], bool]] = {
    "Missing parts": (90, (1, 5, 4, 1), True),
    "Refund not received": (75, (0, 4, 6, 2), False),
    "Where is my order": (120, (2, 6, 4, 1), False),
    "Item arrived damaged": (85, (0, 4, 6, 2), True),
    "Wrong item received": (65, (1, 5, 5, 1), True),
    "Assembly instructions unclear": (60, (6, 4, 1, 0), True),
    "Warranty question": (55, (6, 4, 1, 0), True),
    "Change of delivery address": (45, (1, 5, 4, 2), False),
    "Cancel my order": (50, (0, 4, 5, 3), False),
    "Invoice copy needed": (55, (7, 3, 1, 0), False),
    "Discount code not working": (45, (3, 5, 2, 0), False),
    "Cannot log in": (40, (1, 4, 5, 2), False),
    "Payment declined": (45, (0, 3, 6, 3), False),
    "Charged twice": (30, (0, 1, 5, 6), False),
    "Product stopped working": (70, (0, 3, 6, 3), True),
    "Colour differs from picture": (35, (6, 4, 1, 0), True),
    "Spare part request": (45, (5, 4, 1, 0), True),
    "Return label request": (50, (4, 5, 1, 0), True),
    "Delivery delayed": (70, (1, 4, 5, 2), False),
    "Bulk order quote": (35, (2, 5, 3, 0), True),
    "Update VAT number": (25, (6, 4, 1, 0), False),
    "Battery does not charge": (25, (0, 4, 5, 2), True),
    "Strange smell from packaging": (15, (4, 5, 2, 0), True),
    "Safety concern": (15, (0, 0, 3, 8), True),
    "Feedback about the website": (30, (8, 2, 0, 0), False),
}
