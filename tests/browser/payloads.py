"""Texts that want to be more than texts."""

HOSTILE = [
    "<img src=x onerror=alert(1)>",
    '"><script>alert(1)</script>',
    "javascript:alert(1)",
    "${alert(1)}",
    "{{constructor.constructor('alert(1)')()}}",
    "</textarea><svg onload=alert(1)>",
    "'-alert(1)-'",
    "&lt;img src=x onerror=alert(1)&gt;",
    "<a href=javascript:alert(1)>x</a>",
    "<style>*{display:none}</style>",
    "\u202e<iframe srcdoc='<script>alert(1)</script>'>",
    "]]><!--<math><mtext><script>alert(1)</script>",
]
