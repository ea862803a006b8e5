"""Writes every notice as one JSON line with what its payer needs: memo, link, QR text.

Only tells what is kept: no amount, code or link is made up here, and no name is told.
"""

from collections.abc import AsyncGenerator

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from payments.model import InvoiceState
from payments.reads_export import ExportedInvoice, invoice_page
from payments.reference import memo_text
from payments.tokens import token_of
from payments.vietqr import VietQr, encode

PAGE_INVOICES = 2_000
_UNDONE = {InvoiceState.CANCELLED, InvoiceState.REPLACED}


class InvoiceLine(msgspec.Struct, frozen=True):
    """One line of the export; the order of the fields is part of the contract.

    ``qr_payload`` is null while the receiving account is not proved.
    """

    external_id: str
    code: str
    memo: str
    student: str
    school: str
    due_dong: int
    paid_dong: int
    state: str
    pay_url: str
    qr_payload: str | None


async def invoice_lines(
    tx: AsyncConnection, *, public_url: str, page_key: bytes, page: int = PAGE_INVOICES
) -> AsyncGenerator[bytes]:
    """Give JSON lines in pieces of ``page``, ordered by school and notice (role Auditor).

    ``public_url`` has no slash at its end.
    """
    encoder = msgspec.json.Encoder()
    after = (0, 0)
    while invoices := await invoice_page(tx, after=after, limit=page):
        yield encoder.encode_lines([line_of(each, public_url, page_key) for each in invoices])
        after = (invoices[-1].school_id, invoices[-1].invoice_id)


def line_of(invoice: ExportedInvoice, public_url: str, page_key: bytes) -> InvoiceLine:
    """Lay out one notice; paid is what is due less what is outstanding, 0 once it is undone."""
    memo = memo_text(invoice.code, invoice.memo_prefix)
    paid = 0 if invoice.state in _UNDONE else invoice.due - invoice.outstanding
    return InvoiceLine(
        external_id=invoice.external_id,
        code=invoice.code,
        memo=memo,
        student=invoice.student,
        school=invoice.school,
        due_dong=invoice.due,
        paid_dong=paid,
        state=invoice.state.value,
        pay_url=f"{public_url}/p/{token_of(page_key, invoice.code)}",
        qr_payload=_qr(invoice, memo) if invoice.account_ready else None,
    )


def _qr(invoice: ExportedInvoice, memo: str) -> str:
    """Write the VietQR for what is outstanding; a closed notice's has no amount."""
    amount = invoice.outstanding if invoice.state.open else None
    return encode(VietQr(invoice.bank_bin, invoice.account, amount=amount, purpose=memo))
