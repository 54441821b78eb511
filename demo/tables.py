"""The tables of Harbor & Pine in plain SQL: declared types that SQLite, PostgreSQL and MariaDB all read."""

from __future__ import annotations

# Parents before children, so that rows can be inserted in this order with foreign keys enforced.
TABLES: dict[str, str] = {
    "departments": """
        CREATE TABLE departments (
            id INTEGER NOT NULL PRIMARY KEY,
            name VARCHAR(40) NOT NULL UNIQUE,
            location VARCHAR(40) NOT NULL,
            annual_budget NUMERIC(12,2) NOT NULL
        )""",
    "employees": """
        CREATE TABLE employees (
            id INTEGER NOT NULL PRIMARY KEY,
            first_name VARCHAR(40) NOT NULL,
            last_name VARCHAR(40) NOT NULL,
            email VARCHAR(100) NOT NULL UNIQUE,
            job_title VARCHAR(60) NOT NULL,
            department_id INTEGER NOT NULL,
            manager_id INTEGER NULL,
            hire_date DATE NOT NULL,
            salary NUMERIC(10,2) NOT NULL,
            is_active INTEGER NOT NULL,
            FOREIGN KEY (department_id) REFERENCES departments (id),
            FOREIGN KEY (manager_id) REFERENCES employees (id)
        )""",
    "customers": """
        CREATE TABLE customers (
            id INTEGER NOT NULL PRIMARY KEY,
            name VARCHAR(80) NOT NULL UNIQUE,
            segment VARCHAR(20) NOT NULL,
            city VARCHAR(40) NOT NULL,
            country VARCHAR(40) NOT NULL,
            signup_date DATE NOT NULL,
            account_manager_id INTEGER NULL,
            FOREIGN KEY (account_manager_id) REFERENCES employees (id)
        )""",
    "suppliers": """
        CREATE TABLE suppliers (
            id INTEGER NOT NULL PRIMARY KEY,
            name VARCHAR(60) NOT NULL UNIQUE,
            country VARCHAR(40) NOT NULL,
            rating NUMERIC(2,1) NOT NULL,
            lead_time_days INTEGER NOT NULL
        )""",
    "categories": """
        CREATE TABLE categories (
            id INTEGER NOT NULL PRIMARY KEY,
            name VARCHAR(40) NOT NULL UNIQUE
        )""",
    "products": """
        CREATE TABLE products (
            id INTEGER NOT NULL PRIMARY KEY,
            name VARCHAR(60) NOT NULL UNIQUE,
            category_id INTEGER NOT NULL,
            supplier_id INTEGER NOT NULL,
            unit_price NUMERIC(10,2) NOT NULL,
            unit_cost NUMERIC(10,2) NOT NULL,
            is_discontinued INTEGER NOT NULL,
            FOREIGN KEY (category_id) REFERENCES categories (id),
            FOREIGN KEY (supplier_id) REFERENCES suppliers (id)
        )""",
    "warehouses": """
        CREATE TABLE warehouses (
            id INTEGER NOT NULL PRIMARY KEY,
            name VARCHAR(40) NOT NULL UNIQUE,
            city VARCHAR(40) NOT NULL,
            country VARCHAR(40) NOT NULL,
            capacity INTEGER NOT NULL
        )""",
    "inventory": """
        CREATE TABLE inventory (
            product_id INTEGER NOT NULL,
            warehouse_id INTEGER NOT NULL,
            quantity INTEGER NOT NULL,
            reorder_level INTEGER NOT NULL,
            PRIMARY KEY (product_id, warehouse_id),
            FOREIGN KEY (product_id) REFERENCES products (id),
            FOREIGN KEY (warehouse_id) REFERENCES warehouses (id)
        )""",
    "orders": """
        CREATE TABLE orders (
            id INTEGER NOT NULL PRIMARY KEY,
            customer_id INTEGER NOT NULL,
            employee_id INTEGER NULL,
            order_date DATE NOT NULL,
            required_date DATE NOT NULL,
            shipped_date DATE NULL,
            status VARCHAR(20) NOT NULL,
            channel VARCHAR(20) NOT NULL,
            FOREIGN KEY (customer_id) REFERENCES customers (id),
            FOREIGN KEY (employee_id) REFERENCES employees (id)
        )""",
    "order_items": """
        CREATE TABLE order_items (
            id INTEGER NOT NULL PRIMARY KEY,
            order_id INTEGER NOT NULL,
            product_id INTEGER NOT NULL,
            quantity INTEGER NOT NULL,
            unit_price NUMERIC(10,2) NOT NULL,
            discount NUMERIC(3,2) NOT NULL,
            FOREIGN KEY (order_id) REFERENCES orders (id),
            FOREIGN KEY (product_id) REFERENCES products (id)
        )""",
    "payments": """
        CREATE TABLE payments (
            id INTEGER NOT NULL PRIMARY KEY,
            order_id INTEGER NOT NULL,
            paid_at TIMESTAMP NOT NULL,
            amount NUMERIC(10,2) NOT NULL,
            method VARCHAR(20) NOT NULL,
            FOREIGN KEY (order_id) REFERENCES orders (id)
        )""",
    "returns": """
        CREATE TABLE returns (
            id INTEGER NOT NULL PRIMARY KEY,
            order_item_id INTEGER NOT NULL,
            return_date DATE NOT NULL,
            reason VARCHAR(20) NOT NULL,
            refund_amount NUMERIC(10,2) NOT NULL,
            FOREIGN KEY (order_item_id) REFERENCES order_items (id)
        )""",
    "support_tickets": """
        CREATE TABLE support_tickets (
            id INTEGER NOT NULL PRIMARY KEY,
            customer_id INTEGER NOT NULL,
            product_id INTEGER NULL,
            assigned_to INTEGER NOT NULL,
            opened_at TIMESTAMP NOT NULL,
            closed_at TIMESTAMP NULL,
            priority VARCHAR(10) NOT NULL,
            status VARCHAR(10) NOT NULL,
            subject VARCHAR(80) NOT NULL,
            satisfaction INTEGER NULL,
            FOREIGN KEY (customer_id) REFERENCES customers (id),
            FOREIGN KEY (product_id) REFERENCES products (id),
            FOREIGN KEY (assigned_to) REFERENCES employees (id)
        )""",
}

_INDEXED: dict[str, tuple[str, ...]] = {
    "employees": ("department_id", "manager_id", "hire_date"),
    "customers": ("account_manager_id", "signup_date"),
    "products": ("category_id", "supplier_id"),
    "inventory": ("warehouse_id",),
    "orders": ("customer_id", "employee_id", "order_date", "required_date", "shipped_date"),
    "order_items": ("order_id", "product_id"),
    "payments": ("order_id", "paid_at"),
    "returns": ("order_item_id", "return_date"),
    "support_tickets": ("customer_id", "product_id", "assigned_to", "opened_at", "closed_at"),
}

INDEXES: tuple[str, ...] = tuple(
    f"CREATE INDEX ix_{table}_{column} ON {table} ({column})"
    for table, columns in _INDEXED.items()
    for column in columns
)
