"""What times in a question are read as, and what is none: the tables of test_times.py."""

from __future__ import annotations

# question | the span in it | first day | day after: MM-DD of 2025 unless a year is given; - for an open side
TABLE = """
how many orders today | today | 06-18 | 06-19
orders so far today | so far today | 06-18 | 06-19
yesterday's orders | yesterday's | 06-17 | 06-18
what did we sell yesterday? | yesterday | 06-17 | 06-18
orders yesterady | yesterady | 06-17 | 06-18
what sold yesterday morning | yesterday morning | 06-17 | 06-18
the day before yesterday | the day before yesterday | 06-16 | 06-17
orders due tomorrow | tomorrow | 06-19 | 06-20
due the day after tomorrow | the day after tomorrow | 06-20 | 06-21
tickets opened last night | last night | 06-17 | 06-18
tickets opened this morning | this morning | 06-18 | 06-19
sales this week | this week | 06-16 | 06-23
Orders Last Week | Last Week | 06-09 | 06-16
ORDERS LAST WEEK | LAST WEEK | 06-09 | 06-16
revenue current week | current week | 06-16 | 06-23
revenue for the current month | for the current month | 06-01 | 07-01
revenue this month | this month | 06-01 | 07-01
revenue last month | last month | 05-01 | 06-01
last months revenue | last months | 05-01 | 06-01
last month's revenue | last month's | 05-01 | 06-01
lst month sales | lst month | 05-01 | 06-01
last mnth sales | last mnth | 05-01 | 06-01
last motnh sales | last motnh | 05-01 | 06-01
prev month | prev month | 05-01 | 06-01
the previous month's returns | the previous month's | 05-01 | 06-01
prior month | prior month | 05-01 | 06-01
past month | past month | 05-01 | 06-01
sales this quarter | this quarter | 04-01 | 07-01
sales last quarter | last quarter | 01-01 | 04-01
sales last qtr | last qtr | 01-01 | 04-01
sales last quater | last quater | 01-01 | 04-01
for the last quarter | for the last quarter | 01-01 | 04-01
sales this year | this year | 01-01 | 2026-01-01
sales this yr | this yr | 01-01 | 2026-01-01
this calendar year | this calendar year | 01-01 | 2026-01-01
this fiscal year | this fiscal year | 01-01 | 2026-01-01
in the current year | in the current year | 01-01 | 2026-01-01
revenue last year | last year | 2024-01-01 | 01-01
last year's revenue | last year's | 2024-01-01 | 01-01
revenue previous year | previous year | 2024-01-01 | 01-01
orders past year | past year | 2024-01-01 | 01-01
next week's deliveries | next week's | 06-23 | 06-30
due next month | next month | 07-01 | 08-01
due next year | next year | 2026-01-01 | 2027-01-01
due in the next 7 days | in the next 7 days | 06-18 | 06-26
due in the next week | in the next week | 06-18 | 06-26
the year before last | the year before last | 2023-01-01 | 2024-01-01
the month before last | the month before last | 04-01 | 05-01
the week before last | the week before last | 06-02 | 06-09
in the last year | in the last year | 2024-06-18 | 06-19
over the past year | over the past year | 2024-06-18 | 06-19
over the last month | over the last month | 05-18 | 06-19
within the past week | within the past week | 06-11 | 06-19
in the last 30 days | in the last 30 days | 05-19 | 06-19
last 30 days | last 30 days | 05-19 | 06-19
last 30 days' orders | last 30 days' | 05-19 | 06-19
last 30d | last 30d | 05-19 | 06-19
past 7days | past 7days | 06-11 | 06-19
trailing 7-day revenue | trailing 7-day | 06-11 | 06-19
past two weeks | past two weeks | 06-04 | 06-19
the last fortnight | the last fortnight | 06-04 | 06-19
last 3 months | last 3 months | 03-18 | 06-19
over the previous six months | over the previous six months | 2024-12-18 | 06-19
the past 12 months | the past 12 months | 2024-06-18 | 06-19
trailing 12 months | trailing 12 months | 2024-06-18 | 06-19
last twenty four months | last twenty four months | 2023-06-18 | 06-19
last couple of weeks | last couple of weeks | 06-04 | 06-19
the last few days | the last few days | 06-15 | 06-19
over the last months | over the last months | 03-18 | 06-19
for the past two years | for the past two years | 2023-06-18 | 06-19
last 2 quarters | last 2 quarters | 2024-12-18 | 06-19
in the last 24 hours | in the last 24 hours | 06-17 | 06-19
in the past 48 hrs | in the past 48 hrs | 06-16 | 06-19
last 3 full months | last 3 full months | 03-01 | 06-01
the last two calendar years | the last two calendar years | 2023-01-01 | 01-01
last 5 business days | last 5 business days | 06-11 | 06-19
revenue ttm | ttm | 2024-06-18 | 06-19
last decade | last decade | 2015-06-18 | 06-19
this month so far | this month so far | 06-01 | 06-19
so far this month | so far this month | 06-01 | 06-19
so far this year | so far this year | 01-01 | 06-19
this year so far | this year so far | 01-01 | 06-19
so far in 2025 | so far in 2025 | 01-01 | 06-19
the year so far | the year so far | 01-01 | 06-19
revenue ytd | ytd | 01-01 | 06-19
YTD revenue | YTD | 01-01 | 06-19
MTD orders | MTD | 06-01 | 06-19
qtd orders | qtd | 04-01 | 06-19
year to date sales | year to date | 01-01 | 06-19
year-to-date sales | year-to-date | 01-01 | 06-19
month to date | month to date | 06-01 | 06-19
this quarter to date | this quarter to date | 04-01 | 06-19
this year until now | this year until now | 01-01 | 06-19
this year up to today | this year up to today | 01-01 | 06-19
orders in March | in March | 03-01 | 04-01
orders in march | in march | 03-01 | 04-01
orders in August | in August | 2024-08-01 | 2024-09-01
orders in June | in June | 06-01 | 07-01
how did may go? revenue in may | in may | 05-01 | 06-01
May revenue? show May revenue | May | 05-01 | 06-01
march sales | march | 03-01 | 04-01
orders for april please | for april | 04-01 | 05-01
febuary sales | febuary | 02-01 | 03-01
in septmber | in septmber | 2024-09-01 | 2024-10-01
decemeber returns | decemeber | 2024-12-01 | 01-01
in the month of May | in the month of May | 05-01 | 06-01
during the month of november 2024 | during the month of november 2024 | 2024-11-01 | 2024-12-01
March 2025 | March 2025 | 03-01 | 04-01
in march of 2024 | in march of 2024 | 2024-03-01 | 2024-04-01
Mar 2024 | Mar 2024 | 2024-03-01 | 2024-04-01
in Sept. 2024 | in Sept. 2024 | 2024-09-01 | 2024-10-01
Mar '25 | Mar '25 | 03-01 | 04-01
Mar'25 | Mar'25 | 03-01 | 04-01
revenue in Mar-25 | in Mar-25 | 03-01 | 04-01
Dec-24 orders | Dec-24 | 2024-12-01 | 01-01
from Jan-24 to Mar-24 | from Jan-24 to Mar-24 | 2024-01-01 | 2024-04-01
Jan-Mar-24 | Jan-Mar-24 | 2024-01-01 | 2024-04-01
March, 2024 | March, 2024 | 2024-03-01 | 2024-04-01
in March last year | in March last year | 2024-03-01 | 2024-04-01
in may of last year | in may of last year | 2024-05-01 | 2024-06-01
last year in March | last year in March | 2024-03-01 | 2024-04-01
last year's December | last year's December | 2024-12-01 | 01-01
this year's May | this year's May | 05-01 | 06-01
November the year before last | November the year before last | 2023-11-01 | 2023-12-01
last March | last March | 03-01 | 04-01
last June | last June | 2024-06-01 | 2024-07-01
last august | last august | 2024-08-01 | 2024-09-01
this March | this March | 03-01 | 04-01
this December | this December | 12-01 | 2026-01-01
next March | next March | 2026-03-01 | 2026-04-01
in 2025-03 | in 2025-03 | 03-01 | 04-01
in 03/2025 | in 03/2025 | 03-01 | 04-01
last summer | last summer | 2024-06-01 | 2024-09-01
this summer | this summer | 06-01 | 09-01
in the summer of 2024 | in the summer of 2024 | 2024-06-01 | 2024-09-01
last winter | last winter | 2024-12-01 | 03-01
in spring 2024 | in spring 2024 | 2024-03-01 | 2024-06-01
last fall | last fall | 2024-09-01 | 2024-12-01
Q2 revenue | Q2 | 04-01 | 07-01
revenue in q3 | in q3 | 2024-07-01 | 2024-10-01
Q2 this year | Q2 this year | 04-01 | 07-01
Q4 of last year | Q4 of last year | 2024-10-01 | 01-01
last year's Q4 | last year's Q4 | 2024-10-01 | 01-01
Q3 2024 | Q3 2024 | 2024-07-01 | 2024-10-01
Q3/2024 | Q3/2024 | 2024-07-01 | 2024-10-01
Q3-24 | Q3-24 | 2024-07-01 | 2024-10-01
Q1 '24 | Q1 '24 | 2024-01-01 | 2024-04-01
2024 Q2 revenue | 2024 Q2 | 2024-04-01 | 2024-07-01
last Q1 | last Q1 | 01-01 | 04-01
second quarter of 2025 | second quarter of 2025 | 04-01 | 07-01
in the 3rd quarter of last year | in the 3rd quarter of last year | 2024-07-01 | 2024-10-01
the first quarter | the first quarter | 01-01 | 04-01
quarter 2 of 2024 | quarter 2 of 2024 | 2024-04-01 | 2024-07-01
in the last quarter of 2024 | in the last quarter of 2024 | 2024-10-01 | 01-01
first half of 2025 | first half of 2025 | 01-01 | 07-01
last year's last quarter | last year's last quarter | 2024-10-01 | 01-01
last year in the last quarter | last year in the last quarter | 2024-10-01 | 01-01
last year in the second half | last year in the second half | 2024-07-01 | 01-01
the first month of last year | the first month of last year | 2024-01-01 | 2024-02-01
last year's first month | last year's first month | 2024-01-01 | 2024-02-01
last year's first 3 months | last year's first 3 months | 2024-01-01 | 2024-04-01
last year's last two months | last year's last two months | 2024-11-01 | 01-01
2024's last quarter | 2024's last quarter | 2024-10-01 | 01-01
last month's first week | last month's first week | 05-01 | 05-08
last quarter's last month | last quarter's last month | 03-01 | 04-01
the second half of last year | the second half of last year | 2024-07-01 | 01-01
in the first half of May | in the first half of May | 05-01 | 05-16
H1 2025 | H1 2025 | 01-01 | 07-01
H2 last year | H2 last year | 2024-07-01 | 01-01
2024 H1 | 2024 H1 | 2024-01-01 | 2024-07-01
2024 | 2024 | 2024-01-01 | 01-01
revenue 2024 | 2024 | 2024-01-01 | 01-01
2024 revenue by month | 2024 | 2024-01-01 | 01-01
in 2024 | in 2024 | 2024-01-01 | 01-01
profit ranking in 2024: 12 rows | in 2024 | 2024-01-01 | 01-01
trend in 2024 month by month | in 2024 | 2024-01-01 | 01-01
orders they put in last month | last month | 05-01 | 06-01
sell-through this year | this year | 01-01 | 2026-01-01
what do sales add up to in Q2 2024 | in Q2 2024 | 2024-04-01 | 2024-07-01
monthly orders in March and change on the month before | in March | 03-01 | 04-01
what do sales add up to last month | last month | 05-01 | 06-01
orders that fell through this year | this year | 01-01 | 2026-01-01
busiest month in March | in March | 03-01 | 04-01
how many tickets did support close last week | last week | 06-09 | 06-16
until end 2024 | until end 2024 | - | 01-01
until end March | until end March | - | 04-01
missing payments in 2024: how many? | in 2024 | 2024-01-01 | 01-01
throughout 2023 | throughout 2023 | 2023-01-01 | 2024-01-01
for the year 2024 | for the year 2024 | 2024-01-01 | 01-01
FY2024 | FY2024 | 2024-01-01 | 01-01
fy24 margin | fy24 | 2024-01-01 | 01-01
in fiscal 2024 | in fiscal 2024 | 2024-01-01 | 01-01
calendar year 2023 | calendar year 2023 | 2023-01-01 | 2024-01-01
hired in 1998 | in 1998 | 1998-01-01 | 1999-01-01
week 12 | week 12 | 03-24 | 03-31
in CW12 | in CW12 | 03-24 | 03-31
week 1 of 2024 | week 1 of 2024 | 2024-01-01 | 2024-01-08
week 52 of 2024 | week 52 of 2024 | 2024-12-23 | 2024-12-30
week 53 of 2024 | week 53 of 2024 | 2024-12-30 | 01-01
week 0 of 2025 | week 0 of 2025 | 01-01 | 01-06
in ISO week 12 | in ISO week 12 | 03-17 | 03-24
iso-week 12 of 2024 | iso-week 12 of 2024 | 2024-03-18 | 2024-03-25
the week of March 5 | the week of March 5 | 03-03 | 03-10
for the week ending 5 October 2024 | for the week ending 5 October 2024 | 2024-09-29 | 2024-10-06
the week ending Sunday | the week ending Sunday | 06-09 | 06-16
week-ending 2025-06-15 | week-ending 2025-06-15 | 06-09 | 06-16
in the quarter ended on 31 March | in the quarter ended on 31 March | 01-01 | 04-01
the week starting 5 May | the week starting 5 May | 05-05 | 05-12
since January | since January | 01-01 | -
since the start of January | since the start of January | 01-01 | -
since 2023 | since 2023 | 2023-01-01 | -
since last March | since last March | 03-01 | -
since 3 May 2025 | since 3 May 2025 | 05-03 | -
since May 3rd | since May 3rd | 05-03 | -
since last week | since last week | 06-09 | -
since yesterday | since yesterday | 06-17 | -
since Monday | since Monday | 06-16 | -
since the beginning of the year | since the beginning of the year | 01-01 | -
since two weeks | since two weeks | 06-04 | -
starting in 2024 | starting in 2024 | 2024-01-01 | -
from March onwards | from March onwards | 03-01 | -
from 2024 on | from 2024 on | 2024-01-01 | -
2024 or later | 2024 or later | 2024-01-01 | -
on or after 1 March 2025 | on or after 1 March 2025 | 03-01 | -
no earlier than 2024 | no earlier than 2024 | 2024-01-01 | -
hired before 2024 | before 2024 | - | 2024-01-01
prior to March 2025 | prior to March 2025 | - | 03-01
earlier than 2023 | earlier than 2023 | - | 2023-01-01
before last month | before last month | - | 05-01
2022 or earlier | 2022 or earlier | - | 2023-01-01
after June 2024 | after June 2024 | 2024-07-01 | -
after 2023 | after 2023 | 2024-01-01 | -
later than 5 May 2025 | later than 5 May 2025 | 05-06 | -
until end of March | until end of March | - | 04-01
until the end of last month | until the end of last month | - | 06-01
up to May | up to May | - | 06-01
till 2023 | till 2023 | - | 2024-01-01
no later than 2025-03-14 | no later than 2025-03-14 | - | 03-15
by the end of March | by the end of March | - | 04-01
by 5 May 2025 | by 5 May 2025 | - | 05-06
more than a year ago | more than a year ago | - | 2024-06-18
less than a month ago | less than a month ago | 05-18 | 06-19
hired more than 6 months ago | more than 6 months ago | - | 2024-12-18
opened over 2 weeks ago | over 2 weeks ago | - | 06-04
signed up less than three weeks ago | less than three weeks ago | 05-28 | 06-19
pending orders older than 2 weeks | older than 2 weeks | - | 06-04
orders older than a month | older than a month | - | 05-18
sales on 5-may-25 | on 5-may-25 | 05-05 | 05-06
sales on 05-May-2024 | on 05-May-2024 | 2024-05-05 | 2024-05-06
due by 3/May/2024 | by 3/May/2024 | - | 2024-05-04
sales on 7-Jun | on 7-Jun | 06-07 | 06-08
revenue 3Q24 | 3Q24 | 2024-07-01 | 2024-10-01
revenue in 1H 2025 | in 1H 2025 | 01-01 | 07-01
sales mid-May | mid-May | 05-11 | 05-21
sales in early March 2024 | in early March 2024 | 2024-03-01 | 2024-03-11
revenue in late May | in late May | 05-21 | 06-01
late May orders | May | 05-01 | 06-01
since mid April | since mid April | 04-11 | -
revenue w/c 5 May | w/c 5 May | 05-05 | 05-12
revenue W/E 15 June | W/E 15 June | 06-09 | 06-16
orders on the 5th | on the 5th | 06-05 | 06-06
orders on the 20th by channel | on the 20th | 05-20 | 05-21
orders on the 31st? | on the 31st | 05-31 | 06-01
revenue from the 1st to the 15th | from the 1st to the 15th | 06-01 | 06-16
revenue since the 1st | since the 1st | 06-01 | -
revenue on 5/6 | on 5/6 | 06-05 | 06-06
revenue since 1/9 | since 1/9 | 2024-09-01 | -
revenue before 5/25 | before 5/25 | - | 05-25
revenue from 1/5 to 15/5 | from 1/5 to 15/5 | 05-01 | 05-16
revenue 1/5 - 15/5 | 1/5 - 15/5 | 05-01 | 05-16
between May and July last year | between May and July last year | 2024-05-01 | 2024-08-01
between 1 may and 31 august 2024 | between 1 may and 31 august 2024 | 2024-05-01 | 2024-09-01
between 2024-01-01 and 2024-06-30 | between 2024-01-01 and 2024-06-30 | 2024-01-01 | 2024-07-01
between 2022 and 2024 | between 2022 and 2024 | 2022-01-01 | 01-01
between 1 and 15 May | between 1 and 15 May | 05-01 | 05-16
between November and February | between November and February | 2024-11-01 | 03-01
between last Monday and today | between last Monday and today | 06-16 | 06-19
from January to March 2025 | from January to March 2025 | 01-01 | 04-01
from November to February 2024 | from November to February 2024 | 2023-11-01 | 2024-03-01
Nov 2024 to Feb | Nov 2024 to Feb | 2024-11-01 | 03-01
Jan-Mar 2025 | Jan-Mar 2025 | 01-01 | 04-01
Q1-Q3 2024 | Q1-Q3 2024 | 2024-01-01 | 2024-10-01
Q1 to Q2 | Q1 to Q2 | 01-01 | 07-01
from 2023 to 2024 | from 2023 to 2024 | 2023-01-01 | 01-01
2022-2024 | 2022-2024 | 2022-01-01 | 01-01
May through July | May through July | 05-01 | 08-01
from may until today | from may until today | 05-01 | 06-19
from March to now | from March to now | 03-01 | 06-19
since March 2024 until May 2024 | since March 2024 until May 2024 | 2024-03-01 | 2024-06-01
after March 2024 and before June 2024 | after March 2024 and before June 2024 | 2024-04-01 | 2024-06-01
this year until March | this year until March | 01-01 | 04-01
from 3 March to 5 April 2025 | from 3 March to 5 April 2025 | 03-03 | 04-06
from the 1st to the 15th of May | from the 1st to the 15th of May | 05-01 | 05-16
1-15 March 2025 | 1-15 March 2025 | 03-01 | 03-16
March 3-7, 2024 | March 3-7, 2024 | 2024-03-03 | 2024-03-08
on 2025-03-14 | on 2025-03-14 | 03-14 | 03-15
on 2025/03/14 | on 2025/03/14 | 03-14 | 03-15
14/03/2025 | 14/03/2025 | 03-14 | 03-15
04/03/2025 | 04/03/2025 | 03-04 | 03-05
3/14/2025 | 3/14/2025 | 03-14 | 03-15
14.03.2025 | 14.03.2025 | 03-14 | 03-15
14/3/25 | 14/3/25 | 03-14 | 03-15
14 March 2025 | 14 March 2025 | 03-14 | 03-15
14th of March, 2025 | 14th of March, 2025 | 03-14 | 03-15
March 14th, 2025 | March 14th, 2025 | 03-14 | 03-15
Mar. 14, 2025 | Mar. 14, 2025 | 03-14 | 03-15
on March 14 | on March 14 | 03-14 | 03-15
Mar 25 | Mar 25 | 03-25 | 03-26
on the 5th of May | on the 5th of May | 05-05 | 05-06
the 1st of last month | the 1st of last month | 05-01 | 05-02
December 24 | December 24 | 2024-12-24 | 2024-12-25
Monday, 16 June 2025 | Monday, 16 June 2025 | 06-16 | 06-17
on Monday | on Monday | 06-16 | 06-17
on wednesday | on wednesday | 06-18 | 06-19
on Friday | on Friday | 06-13 | 06-14
last Monday | last Monday | 06-16 | 06-17
last wednesday | last wednesday | 06-11 | 06-12
this friday | this friday | 06-20 | 06-21
next tuesday | next tuesday | 06-24 | 06-25
on Monday last week | on Monday last week | 06-09 | 06-10
last week on Friday | last week on Friday | 06-13 | 06-14
from Monday to Wednesday last week | from Monday to Wednesday last week | 06-09 | 06-12
between Monday and Wednesday of last week | between Monday and Wednesday of last week | 06-09 | 06-12
this weekend | this weekend | 06-21 | 06-23
last weekend | last weekend | 06-14 | 06-16
over the weekend | over the weekend | 06-14 | 06-16
a year ago | a year ago | 2024-01-01 | 01-01
two years ago | two years ago | 2023-01-01 | 2024-01-01
3 months ago | 3 months ago | 03-01 | 04-01
a week ago | a week ago | 06-09 | 06-16
10 days ago | 10 days ago | 06-08 | 06-09
a year ago today | a year ago today | 2024-06-18 | 2024-06-19
same period last year | same period last year | 2024-01-01 | 2024-06-19
this time last year | this time last year | 2024-01-01 | 2024-06-19
over this past week | over this past week | 06-11 | 06-19
half a year ago | half a year ago | 2024-12-01 | 01-01
first half year 2024 | first half year 2024 | 2024-01-01 | 2024-07-01
last year till date | last year till date | 2024-01-01 | 06-19
same time last year | same time last year | 2024-01-01 | 2024-06-19
the same month last year | the same month last year | 2024-06-01 | 2024-07-01
same quarter of last year | same quarter of last year | 2024-04-01 | 2024-07-01
same period last month | same period last month | 05-01 | 05-19
the same stretch of last year | the same stretch of last year | 2024-01-01 | 2024-06-19
the same window a year ago | the same window a year ago | 2024-01-01 | 2024-06-19
the same days last year | the same days last year | 2024-01-01 | 2024-06-19
on christmas day (25 December) | on christmas day (25 December) | 2024-12-25 | 2024-12-26
last month, i.e. May | last month, i.e. May | 05-01 | 06-01
last year (2024) please | last year (2024) | 2024-01-01 | 01-01
last christmas | last christmas | 2024-12-25 | 2024-12-26
on Christmas Eve 2023 | on Christmas Eve 2023 | 2023-12-24 | 2023-12-25
black friday | black friday | 2024-11-29 | 2024-11-30
Black Friday 2023 sales | Black Friday 2023 | 2023-11-24 | 2023-11-25
on cyber monday | on cyber monday | 2024-12-02 | 2024-12-03
last thanksgiving | last thanksgiving | 2024-11-28 | 2024-11-29
at easter | at easter | 04-20 | 04-21
the week before christmas | the week before christmas | 2024-12-18 | 2024-12-25
two weeks after 3 March 2025 | two weeks after 3 March 2025 | 03-04 | 03-18
end of last month | end of last month | 05-31 | 06-01
start of 2025 | start of 2025 | 01-01 | 01-02
at the end of the year | at the end of the year | 12-31 | 2026-01-01
last week of March | last week of March | 03-25 | 04-01
first week of May | first week of May | 05-01 | 05-08
the first 3 months of 2024 | the first 3 months of 2024 | 2024-01-01 | 2024-04-01
last two months of last year | last two months of last year | 2024-11-01 | 01-01
the first day of the month | the first day of the month | 06-01 | 06-02
how many came in last month | last month | 05-01 | 06-01
how many came in in March | in March | 03-01 | 04-01
which deals were signed on today | today | 06-18 | 06-19
growth on last year | last year | 2024-01-01 | 01-01
how much did we spend over the last 30 days | over the last 30 days | 05-19 | 06-19
"""

# Two or more expressions in one question.
SEVERAL = """
revenue this month vs last month | this month 06-01 07-01 | last month 05-01 06-01
2023 vs 2024 | 2023 2023-01-01 2024-01-01 | 2024 2024-01-01 01-01
compare 2022, 2023 and 2024 | 2022 2022-01-01 2023-01-01 | 2023 2023-01-01 2024-01-01 | 2024 2024-01-01 01-01
Q1 vs Q2 2024 | Q1 2024-01-01 2024-04-01 | Q2 2024 2024-04-01 2024-07-01
March and April 2024 | March 2024-03-01 2024-04-01 | April 2024 2024-04-01 2024-05-01
March vs March 2024 | March 03-01 04-01 | March 2024 2024-03-01 2024-04-01
change from last month to this month | from last month 05-01 06-01 | this month 06-01 07-01
revenue growth from 2023 to 2024 | from 2023 2023-01-01 2024-01-01 | 2024 2024-01-01 01-01
last month vs same period last year | last month 05-01 06-01 | same period last year 2024-05-01 2024-06-01
this month vs same period last year | this month 06-01 07-01 | same period last year 2024-06-01 2024-06-19
2023 compared to the year before | 2023 2023-01-01 2024-01-01 | the year before 2022-01-01 2023-01-01
2023 vs the previous year | 2023 2023-01-01 2024-01-01 | the previous year 2022-01-01 2023-01-01
March 2025 vs the previous month | March 2025 03-01 04-01 | the previous month 02-01 03-01
last 7 days vs the previous 7 days | last 7 days 06-11 06-19 | the previous 7 days 06-03 06-11
last 30 days vs previous 30 days | last 30 days 05-19 06-19 | previous 30 days 04-18 05-19
last 4 weeks vs the 4 weeks before | last 4 weeks 05-21 06-19 | the 4 weeks before 04-22 05-21
the last week vs the week before | the last week 06-11 06-19 | the week before 06-03 06-11
last week vs the week before | last week 06-09 06-16 | the week before 06-02 06-09
last month vs the previous 30 days | last month 05-01 06-01 | the previous 30 days 04-01 05-01
last 3 months vs the previous 3 months | last 3 months 03-18 06-19 | the previous 3 months 2024-12-18 03-18
last 7 days vs previous 7 days vs the 7 days before | last 7 days 06-11 06-19 | previous 7 days 06-03 06-11 | \
the 7 days before 05-26 06-03
jan feb mar 2024 | jan 2024-01-01 2024-02-01 | feb 2024-02-01 2024-03-01 | mar 2024 2024-03-01 2024-04-01
this month vs the previous month per channel | this month 06-01 07-01 | the previous month 05-01 06-01
last month vs the same month last year | last month 05-01 06-01 | the same month last year 2024-05-01 2024-06-01
March vs the same month last year | March 03-01 04-01 | the same month last year 2024-03-01 2024-04-01
Q1 vs the same quarter a year earlier | Q1 01-01 04-01 | the same quarter a year earlier 2024-01-01 2024-04-01
last week vs the same week last year | last week 06-09 06-16 | the same week last year 2024-06-10 2024-06-17
2024 vs the same month last year | 2024 2024-01-01 01-01 | the same month last year 2024-06-01 2024-07-01
ytd vs the same part of last year | ytd 01-01 06-19 | the same part of last year 2024-01-01 2024-06-19
last year (2024) vs 2023 | last year (2024) 2024-01-01 01-01 | 2023 2023-01-01 2024-01-01
last week or last week | last week 06-09 06-16 | last week 06-09 06-16
today and yesterday | today 06-18 06-19 | yesterday 06-17 06-18
revenue in Q1 2024 vs Q2 | in Q1 2024 2024-01-01 2024-04-01 | Q2 2024-04-01 2024-07-01
2024 Q1 vs Q2 | 2024 Q1 2024-01-01 2024-04-01 | Q2 2024-04-01 2024-07-01
last year's Q1 vs Q2 | last year's Q1 2024-01-01 2024-04-01 | Q2 2024-04-01 2024-07-01
Q1 2024, Q2 and Q3 | Q1 2024 2024-01-01 2024-04-01 | Q2 2024-04-01 2024-07-01 | Q3 2024-07-01 2024-10-01
January 2024 vs February | January 2024 2024-01-01 2024-02-01 | February 2024-02-01 2024-03-01
in december 2023 and january | in december 2023 2023-12-01 2024-01-01 | january 2024-01-01 2024-02-01
Q2 2024 compared with Q1 | Q2 2024 2024-04-01 2024-07-01 | Q1 2024-01-01 2024-04-01
Q2 2023 vs Q1 and Q2 2024 | Q2 2023 2023-04-01 2023-07-01 | Q1 2024-01-01 2024-04-01 | Q2 2024 2024-04-01 2024-07-01
3 May 2024 and 10 May | 3 May 2024 2024-05-03 2024-05-04 | 10 May 2024-05-10 2024-05-11
Q1 2024 vs Q1 | Q1 2024 2024-01-01 2024-04-01 | Q1 01-01 04-01
Q1 2025 vs Q4 | Q1 2025 01-01 04-01 | Q4 2024-10-01 01-01
last 12 months vs March | last 12 months 2024-06-18 06-19 | March 03-01 04-01
last March vs April | last March 03-01 04-01 | April 04-01 05-01
in March 2023 and have not been asked in May | in March 2023 2023-03-01 2023-04-01 | in May 05-01 06-01
on Monday and Tuesday last week | on Monday 06-09 06-10 | Tuesday last week 06-10 06-11
Monday vs Tuesday of last week | Monday 06-09 06-10 | Tuesday of last week 06-10 06-11
last week on Monday and Tuesday | last week on Monday 06-09 06-10 | Tuesday 06-10 06-11
last year and the last quarter | last year 2024-01-01 01-01 | the last quarter 01-01 04-01
this year in the last month | this year 01-01 2026-01-01 | in the last month 05-18 06-19
signed up in 2023 and ordered in 2024 | in 2023 2023-01-01 2024-01-01 | in 2024 2024-01-01 01-01
before 2022 or after 2023 | before 2022 - 2022-01-01 | after 2023 2024-01-01 -
"""

OTHER_DAYS = """
2025-01-01 | yesterday | 2024-12-31 | 2025-01-01
2025-01-01 | last month | 2024-12-01 | 2025-01-01
2025-01-01 | last quarter | 2024-10-01 | 2025-01-01
2025-01-01 | this week | 2024-12-30 | 2025-01-06
2025-01-01 | ytd | 2025-01-01 | 2025-01-02
2025-01-01 | in January | 2025-01-01 | 2025-02-01
2025-01-01 | in december | 2024-12-01 | 2025-01-01
2025-01-01 | last winter | 2023-12-01 | 2024-03-01
2025-01-01 | new year's eve | 2024-12-31 | 2025-01-01
2024-02-29 | last year | 2023-01-01 | 2024-01-01
2024-02-29 | in the last year | 2023-02-28 | 2024-03-01
2024-02-29 | last 12 months | 2023-02-28 | 2024-03-01
2024-02-29 | a year ago today | 2023-02-28 | 2023-03-01
2024-02-29 | same period last year | 2023-01-01 | 2023-03-01
2024-02-29 | this month | 2024-02-01 | 2024-03-01
2024-02-29 | 29 February | 2024-02-29 | 2024-03-01
2025-06-18 | 29 February | 2025-02-28 | 2025-03-01
2024-12-31 | tomorrow | 2025-01-01 | 2025-01-02
2024-12-31 | this week | 2024-12-30 | 2025-01-06
2024-12-31 | last month | 2024-11-01 | 2024-12-01
2024-12-31 | last 3 months | 2024-09-30 | 2025-01-01
2024-12-31 | next month | 2025-01-01 | 2025-02-01
2024-12-31 | in the last month | 2024-11-30 | 2025-01-01
2025-06-16 | this week | 2025-06-16 | 2025-06-23
2025-06-16 | last week | 2025-06-09 | 2025-06-16
2025-06-16 | on Monday | 2025-06-16 | 2025-06-17
2025-06-16 | last Monday | 2025-06-09 | 2025-06-10
2025-06-16 | last weekend | 2025-06-14 | 2025-06-16
2025-06-16 | last 3 business days | 2025-06-11 | 2025-06-17
2025-06-22 | this week | 2025-06-16 | 2025-06-23
2025-06-22 | last week | 2025-06-09 | 2025-06-16
2025-06-22 | on sunday | 2025-06-22 | 2025-06-23
2025-06-22 | last weekend | 2025-06-14 | 2025-06-16
2025-06-22 | this weekend | 2025-06-21 | 2025-06-23
2025-06-22 | over the weekend | 2025-06-21 | 2025-06-23
2025-03-31 | last month | 2025-02-01 | 2025-03-01
2025-03-31 | over the last month | 2025-02-28 | 2025-04-01
2025-03-31 | 1 month ago | 2025-02-01 | 2025-03-01
2026-11-29 | week 39 | 2026-09-28 | 2026-10-05
2025-03-31 | last march | 2024-03-01 | 2024-04-01
"""

NOT_TIMES = """
may I see the top customers
may we have the list of suppliers
you may skip the cancelled ones
customers who may order again
the team will march on
they march to the warehouse
orders per month
monthly revenue
revenue by month
sales per year and country
each year
every week
which month was best
what was the best month
average per quarter
year over year growth
month by month
weekday with most orders
orders by weekday
how many orders a day
how many days does shipping take
more than 30 days late
within 2 days
takes longer than 3 weeks
shipped in 5 days or less
orders placed over 30 days ago
unpaid for more than 2 months
second best customer
the second and third largest orders
sun hats and sun umbrellas
sat in the office
top 5
last 5 orders
the last order
the last name of the manager
first 10 customers
order 2024
ticket number 2024
invoice #2024
customer id 2023
$2000
2000 units
orders over 2000
at least 2020 items
more than 2010 pieces
exactly 2024 dollars
2,024 orders
salary above 2000
capacity of 2000 units
a quarter of the orders
half of the customers
a third of all returns
fall in revenue
spring cleaning kits
what is the end result
start with the biggest
all time best seller
ever since we opened
to date no one answered
stock as of today
A4 paper and USB-C docks
version 1.2.3
payments upwards of 1976 so far
who goes past 10 days
unpaid past 44 days
how many people start with a call
call 555-0199-22
products under 12/15
next steps
the next best product
this product
this order and that one
past due invoices
current stock
previous owner
our current customers
recent orders
long lead times
sort by date
christmas lights
how many summer chairs
Jan Novak's orders
revenue each month and change to the previous month
sales per year compared with the year before
on mondays
every monday
days to close
weeks ending in a loss
Mar-05 parts
hours worked
in the second warehouse
decades of experience
open longer than 2 weeks
older than 30 days
people on the 5th floor
the 5th order
who came on the 1st try
on 1/2 of the orders
24/7 support
1/2 price
3Q panels
early orders
mid range products
"""
