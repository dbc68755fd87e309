"""The refusals: every one carries the Chinese sentence its user reads, which says what to do next."""

from __future__ import annotations


class DomainError(Exception):
    """A refusal by a rule of the platform; `message` is shown to the user as it is.

    `keep` says that what was written before the refusal (a counted wrong try) is committed all the same.
    """

    keep = False

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class FormInvalid(DomainError):
    """Input that the form refuses; `fields` maps a field's name to its sentence."""

    def __init__(self, fields: dict[str, str], message: str = "") -> None:
        super().__init__(
            message or f"有 {len(fields)} 处需要更正，请按提示修改后再提交，已填写的内容不会丢失。"
        )
        self.fields = fields


class Doubtful(DomainError):
    """Input that no rule refuses, but that a reviewer will be asked to look at: its sender is to look first."""


class NotFound(DomainError):
    """A record that is absent, or that the actor may not know of: both read the same."""

    def __init__(self, what: str = "记录") -> None:
        super().__init__(f"{what}不存在或已被删除，请返回列表刷新后再试。")


class Discarded(NotFound):
    """A draft that somebody of the actor's own organisation has deleted: no secret, and no try at a stranger's record."""

    def __init__(self, message: str) -> None:
        DomainError.__init__(self, message)


class Forbidden(DomainError):
    """An action outside the actor's rights."""

    def __init__(
        self, message: str = "您的账号没有此项操作的权限。如确有需要，请联系平台管理人员 400 056 5005。"
    ) -> None:
        super().__init__(message)


class SignInRequired(DomainError):
    """A call without a live login."""

    def __init__(self) -> None:
        super().__init__(
            "登录已失效，请重新登录后继续。本页已填写的内容保存在浏览器中，重新登录后会自动恢复。"
        )


class Conflict(DomainError):
    """A record that somebody else changed in the meantime."""


class Withdrawn(Conflict):
    """A record that its submitter took back while somebody else was about to decide on it; `title` as it was sent."""

    def __init__(self, message: str, title: str = "") -> None:
        super().__init__(message)
        self.title = title


class Busy(DomainError):
    """The database had no turn to give in time; nothing was written."""

    def __init__(self) -> None:
        super().__init__(
            "此刻操作的人较多，本次操作没有执行，已填写的内容没有丢失。请稍等片刻，再点一次即可。"
        )


class CountedRefusal(DomainError):
    """A wrong password or code: the refusal stands, and so does its count."""

    keep = True


class TooMany(DomainError):
    """A limit of attempts; `retry_after_s` says for how long to wait, in seconds."""

    def __init__(self, message: str, retry_after_s: int) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s
