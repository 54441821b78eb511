"""A term of a company's own that the demo's student has never heard: "cold feet" are the refunds of those who changed
their mind. Twenty questions that people ask and correct, twenty more in other words, and what is known already.

The second twenty stand nowhere else: they measure what was learned.
"""

from __future__ import annotations

from collections.abc import Mapping

_COLD_FEET = "SELECT SUM(refund_amount) FROM returns WHERE reason = 'changed mind' AND "
_PLANTED = {
    "how much did cold feet cost us last month?": "return_date >= '2026-10-01' AND return_date < '2026-11-01'",
    "cold feet in March 2026": "return_date >= '2026-03-01' AND return_date < '2026-04-01'",
    "what did we pay for cold feet this year?": "return_date >= '2026-01-01'",
    "what were cold feet in 2025?": "return_date BETWEEN '2025-01-01' AND '2025-12-31'",
    "show me the cold feet of August 2026": "return_date BETWEEN '2026-08-01' AND '2026-08-31'",
    "total cold feet in 2024": "return_date >= '2024-01-01' AND return_date < '2025-01-01'",
    "how high was the cost of cold feet in the first quarter of 2026?":
        "return_date >= '2026-01-01' AND return_date < '2026-04-01'",
    "can you tell me the cold feet for June 2026?": "return_date >= '2026-06-01' AND return_date <= '2026-06-30'",
    "cold feet between 2025-05-01 and 2025-07-31": "return_date BETWEEN '2025-05-01' AND '2025-07-31'",
    "what's our cold feet total since January 2026?": "return_date >= '2026-01-01'",
    "give me cold feet for Q2 2025": "return_date >= '2025-04-01' AND return_date < '2025-07-01'",
    "how bad were cold feet in November 2025?": "return_date >= '2025-11-01' AND return_date < '2025-12-01'",
    "our losses from cold feet in February 2026": "return_date >= '2026-02-01' AND return_date < '2026-03-01'",
    "sum up the cold feet of September 2026": "return_date >= '2026-09-01' AND return_date < '2026-10-01'",
    "I need the cold feet figure for December 2024": "return_date >= '2024-12-01' AND return_date < '2025-01-01'",
    "cold feet over the last 90 days": "return_date >= '2026-08-24'",
    "how many dollars of cold feet in July 2026?": "return_date >= '2026-07-01' AND return_date < '2026-08-01'",
    "what amount of cold feet was there in Q3 2024?": "return_date BETWEEN '2024-07-01' AND '2024-09-30'",
    "the first half of 2026: cold feet": "return_date >= '2026-01-01' AND return_date < '2026-07-01'",
    "in January 2024, how much was lost to cold feet?": "return_date >= '2024-01-01' AND return_date < '2024-02-01'",
}
_REPHRASED = {
    "what was the price of cold feet last quarter?": "return_date >= '2026-07-01' AND return_date < '2026-10-01'",
    "cold feet, August 2024": "return_date >= '2024-08-01' AND return_date < '2024-09-01'",
    "tell me how much we paid for cold feet in May 2025": "return_date >= '2025-05-01' AND return_date < '2025-06-01'",
    "what is the sum of all cold feet for 2026?": "return_date >= '2026-01-01' AND return_date < '2027-01-01'",
    "how large were cold feet in April 2026?": "return_date >= '2026-04-01' AND return_date < '2026-05-01'",
    "cold feet last year": "return_date >= '2025-01-01' AND return_date < '2026-01-01'",
    "what did we lose to cold feet in July 2024?": "return_date >= '2024-07-01' AND return_date < '2024-08-01'",
    "show cold feet in the second half of 2025": "return_date >= '2025-07-01' AND return_date < '2026-01-01'",
    "and the cold feet in March 2025?": "return_date >= '2025-03-01' AND return_date < '2025-04-01'",
    "could you add up cold feet between 2024-02-01 and 2024-04-30?":
        "return_date >= '2024-02-01' AND return_date < '2024-05-01'",
    "I'd like to know our cold feet for Q1 2025": "return_date >= '2025-01-01' AND return_date < '2025-04-01'",
    "cold feet amount in October 2024": "return_date >= '2024-10-01' AND return_date < '2024-11-01'",
    "how much money went to cold feet in December 2025?": "return_date >= '2025-12-01' AND return_date < '2026-01-01'",
    "what were our cold feet losses in Q4 2024?": "return_date >= '2024-10-01' AND return_date < '2025-01-01'",
    "for February 2025, what did cold feet come to?": "return_date >= '2025-02-01' AND return_date < '2025-03-01'",
    "give me the total of cold feet since July 2026": "return_date >= '2026-07-01'",
    "the cold feet of the last 6 months": "return_date >= '2026-05-22' AND return_date < '2026-11-23'",
    "cold feet cost during May 2024": "return_date >= '2024-05-01' AND return_date < '2024-06-01'",
    "how expensive were cold feet in November 2024?": "return_date >= '2024-11-01' AND return_date < '2024-12-01'",
    "cold feet figures for the third quarter of 2025": "return_date >= '2025-07-01' AND return_date < '2025-10-01'",
}
PLANTED: Mapping[str, str] = {question: _COLD_FEET + when for question, when in _PLANTED.items()}
REPHRASED: Mapping[str, str] = {question: _COLD_FEET + when for question, when in _REPHRASED.items()}

_IN_2025 = "return_date >= '2025-01-01' AND return_date < '2026-01-01'"
# Answered right on the first day, and close to what is new. Two people vote for the first kind; nobody for the second.
LIKED: Mapping[str, str] = {
    "how many customers do we have?": "SELECT COUNT(*) FROM customers",
    "total refunds in 2025": f"SELECT SUM(refund_amount) FROM returns WHERE {_IN_2025}",
    "number of returns by reason": "SELECT reason, COUNT(*) FROM returns GROUP BY reason",
    "how much did we refund for defective items in 2024?":
        "SELECT SUM(refund_amount) FROM returns WHERE reason = 'defective' AND return_date >= '2024-01-01' "
        "AND return_date < '2025-01-01'",
}
KNOWN: Mapping[str, str] = {
    "how many orders are there?": "SELECT COUNT(*) FROM orders",
    "how many returns were there in March 2026?":
        "SELECT COUNT(*) FROM returns WHERE return_date >= '2026-03-01' AND return_date < '2026-04-01'",
    "how much refund for damaged goods in 2025?":
        f"SELECT SUM(refund_amount) FROM returns WHERE reason = 'damaged' AND {_IN_2025}",
    "how many returns because the customer changed their mind in 2025?":
        f"SELECT COUNT(*) FROM returns WHERE reason = 'changed mind' AND {_IN_2025}",
    "average refund in 2025": f"SELECT AVG(refund_amount) FROM returns WHERE {_IN_2025}",
    "refunds in July 2026":
        "SELECT SUM(refund_amount) FROM returns WHERE return_date >= '2026-07-01' AND return_date < '2026-08-01'",
    "how many support tickets were opened in 2025?":
        "SELECT COUNT(*) FROM support_tickets WHERE opened_at >= '2025-01-01' AND opened_at < '2026-01-01'",
    "how many orders were cancelled in 2025?":
        "SELECT COUNT(*) FROM orders WHERE status = 'cancelled' AND order_date >= '2025-01-01' "
        "AND order_date < '2026-01-01'",
    "how many employees are in each department?":
        "SELECT departments.name, COUNT(*) FROM employees JOIN departments ON departments.id = "
        "employees.department_id WHERE employees.is_active = 1 GROUP BY departments.name",
}  # fmt: skip
