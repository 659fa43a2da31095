"""Parameters in an address that no route has: they are refused, not ignored."""

from __future__ import annotations

import pytest
from service import BELL, Service

from quantum_tasks.web.routes import API

ID = "00000000-0000-4000-8000-000000000000"


@pytest.mark.parametrize(
    ("method", "path", "said"),
    [
        ("GET", f"tasks/{ID}/result?veiw=counts", "'veiw'; did you mean 'view'?"),
        ("GET", f"tasks/{ID}/result?xyz", "'xyz'; there are: view, top, format."),
        ("GET", "tasks?satus=queued", "'satus'; did you mean 'status'?"),
        ("GET", f"tasks/{ID}?wait=1&fro=end", "'fro'; there are: wait, for."),
        ("GET", "backend?x=1", "'x'; this address has none."),
        ("POST", "tasks?shots=5", "'shots'; it is a field of the JSON body."),
        ("POST", "tasks?wait=5", "'wait'; send the header 'Prefer: wait=20'."),
        ("POST", f"tasks/{ID}/rerun?wait=5", "'wait'; send the header 'Prefer: wait=20'."),
        ("GET", "queue?" + "a" * 5000, "aaa...'; this address has none."),
        ("GET", "queue?=1", "''; this address has none."),
    ],
)
def test_what_was_meant_by_a_parameter_is_said(service: Service, method, path, said):
    answer = service.client.request(method, f"/v1/{path}", json={"qc": BELL})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert said in answer.json()["detail"]
    assert len(answer.text) < 500


def test_every_route_under_v1_refuses_what_it_does_not_have(service: Service):
    for endpoint in API:
        path = endpoint.path.replace("{id}", ID)
        answer = service.client.request(endpoint.method, f"{path}?nosuch=1", json={"qc": BELL})
        refused = "There is no parameter 'nosuch'" in answer.text
        assert refused == path.startswith("/v1/"), endpoint


def test_what_clients_and_proxies_add_to_every_address_is_ignored(service: Service):
    added = "_=1764410000&token=x&access_token=x&api_key=x&lastEventId=7&utm_source=chat"
    assert service.client.get(f"/v1/backend?{added}").status_code == 200
    assert service.client.get(f"/v1/tasks?limit=1&{added}").status_code == 200


def test_the_simple_api_ignores_every_parameter(service: Service):
    id = service.client.post("/tasks?shots=5&nosuch", json={"qc": BELL}).json()["task_id"]
    answer = service.client.get(f"/tasks/{id}?wait=10&nosuch=1").json()
    assert sum(answer["result"].values()) == 1024
