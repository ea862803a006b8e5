"""Every template in each of its states, with the records it needs."""

from dataclasses import replace

from samples_case import CASE_PAGES, RATES
from samples_desk import (
    CASES,
    CONNECTIONS,
    CREDITS,
    HOME,
    INVOICE,
    INVOICES,
    OFFICER,
    SHELL,
    SILENT,
)
from samples_parent import ERRORS, LOGINS, NOTICES, RECEIVED, TODAY

from kernel.money import Dong
from service.views_desk import CasesView, CreditsView, HomeView, InvoicesView

Page = tuple[str, dict[str, object]]


def open_pages() -> dict[str, Page]:
    """Name the pages in front of the sign-in."""
    pages: dict[str, Page] = {"not_found": ("not_found.html", {"sandbox": False})}
    for template, key, samples in (
        ("notice", "notice", NOTICES),
        ("received", "received", RECEIVED),
        ("login", "login", LOGINS),
        ("error", "error", ERRORS),
    ):
        for state, sample in samples.items():
            context: dict[str, object] = {"sandbox": True, key: sample}
            pages[f"{template}-{state}"] = (f"{template}.html", context)
    return pages


def desk_pages() -> dict[str, Page]:
    """Name the pages behind the sign-in."""
    home = replace(SHELL, current="home")
    money_in = replace(SHELL, current="credits")
    notices = replace(SHELL, current="invoices")
    nothing = HomeView(0, Dong(0), 0, 0, Dong(0), ())
    empty_rates = replace(RATES, rows=(), closed=True, total=RATES.rows[2])
    samples: list[tuple[str, object, str, object]] = [
        ("desk_home", home, "home", HOME),
        ("desk_home-empty", home, "home", nothing),
        ("desk_credits", money_in, "credits", CREDITS),
        ("desk_credits-none", money_in, "credits", CreditsView((), "case")),
        ("desk_credits-empty", money_in, "credits", CreditsView(())),
        ("desk_cases", SHELL, "cases", CASES),
        ("desk_cases-empty", SHELL, "cases", CasesView((), 0, Dong(0))),
        ("desk_cases-closed", SHELL, "cases", CasesView((), 0, Dong(0), closed=True)),
        ("desk_invoices", notices, "invoices", INVOICES),
        ("desk_invoices-none", notices, "invoices", InvoicesView((), TODAY, "x")),
        ("desk_invoices-empty", notices, "invoices", InvoicesView((), TODAY)),
        ("desk_invoice", notices, "invoice", INVOICE),
        ("desk_invoice-bare", notices, "invoice", replace(INVOICE, payments=(), page_url="")),
        ("rates", OFFICER, "rates", RATES),
        ("rates-empty", OFFICER, "rates", empty_rates),
        ("admin_connections", SILENT, "connections", CONNECTIONS),
        ("admin_connections-empty", SILENT, "connections", ()),
        *((f"desk_case-{state}", SHELL, "case", case) for state, case in CASE_PAGES.items()),
        *((f"desk_error-{state}", SHELL, "error", error) for state, error in ERRORS.items()),
    ]
    return {
        name: (f"{name.partition('-')[0]}.html", {"sandbox": True, "shell": shell, key: value})
        for name, shell, key, value in samples
    }


def every_page() -> dict[str, Page]:
    """Name all pages."""
    return open_pages() | desk_pages()
