"""Serves the tools of the statistics over JSON-RPC, as the model context protocol has them."""

import uvicorn
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

from . import tables

TOOLS = {
    "search_population": ("rows whose region holds a word", lambda arguments: tables.search(arguments["word"])),
    "upload_population": (
        "write the table into a bucket",
        lambda arguments: tables.upload(arguments["bucket"], arguments["key"]),
    ),
}


async def health(_request):
    return JSONResponse({"status": "healthy", "tools": len(TOOLS)})


async def rpc(request):
    call = await request.json()
    if call["method"] == "tools/list":
        tools = [{"name": name, "description": tool[0]} for name, tool in TOOLS.items()]
        return JSONResponse({"jsonrpc": "2.0", "id": call["id"], "result": {"tools": tools}})
    parameters = call["params"]
    answer = TOOLS[parameters["name"]][1](parameters["arguments"])
    content = [{"type": "text", "text": str(answer)}]
    return JSONResponse({"jsonrpc": "2.0", "id": call["id"], "result": {"content": content}})


app = Starlette(routes=[Route("/health", health), Route("/mcp", rpc, methods=["POST"])])

if __name__ == "__main__":
    uvicorn.run(app, host="0.0.0.0", port=8080)
