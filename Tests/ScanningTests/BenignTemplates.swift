// SPDX-License-Identifier: Apache-2.0

/// Templates in the manner of well-known model families, written for these tests.
enum BenignTemplates {
    static let all: [(name: String, text: String)] = [
        (
            "ChatML",
            """
            {% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n' }}{% endfor %}
            {% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}
            """
        ),
        (
            "Llama 3 with tools",
            """
            {{- bos_token }}
            {%- if custom_tools is defined %}{%- set tools = custom_tools %}{%- endif %}
            {%- if not tools_in_user_message is defined %}{%- set tools_in_user_message = true %}{%- endif %}
            {%- if not date_string is defined %}
                {%- if strftime_now is defined %}{%- set date_string = strftime_now("%d %b %Y") %}
                {%- else %}{%- set date_string = "26 Jul 2024" %}{%- endif %}
            {%- endif %}
            {%- if messages[0]['role'] == 'system' %}
                {%- set system_message = messages[0]['content']|trim %}{%- set messages = messages[1:] %}
            {%- else %}{%- set system_message = "" %}{%- endif %}
            {{- "<|start_header_id|>system<|end_header_id|>\\n\\n" }}
            {%- if builtin_tools is defined or tools is not none %}{{- "Environment: ipython\\n" }}{%- endif %}
            {%- if builtin_tools is defined %}{{- "Tools: " + builtin_tools | reject('equalto', 'code_interpreter') | join(", ") + "\\n\\n" }}{%- endif %}
            {{- "Today Date: " + date_string + "\\n\\n" }}{{- system_message }}{{- "<|eot_id|>" }}
            {%- for message in messages %}
                {%- if 'tool_calls' in message %}
                    {%- if not message.tool_calls|length == 1 %}{{- raise_exception("This model only supports single tool-calls at once!") }}{%- endif %}
                    {%- set tool_call = message.tool_calls[0].function %}
                    {{- '{"name": "' + tool_call.name + '", ' }}{{- '"parameters": ' }}{{- tool_call.arguments | tojson }}{{- "}" }}
                {%- elif message.role == "tool" or message.role == "ipython" %}
                    {%- if message.content is mapping or message.content is iterable %}{{- message.content | tojson }}{%- else %}{{- message.content }}{%- endif %}
                {%- else %}{{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n' + message['content'] | trim + '<|eot_id|>' }}{%- endif %}
            {%- endfor %}
            """
        ),
        (
            "Mistral with tools",
            """
            {%- if messages[0]["role"] == "system" %}{%- set system_message = messages[0]["content"] %}{%- set loop_messages = messages[1:] %}
            {%- else %}{%- set loop_messages = messages %}{%- endif %}
            {%- set user_messages = loop_messages | selectattr("role", "equalto", "user") | list %}
            {%- set ns = namespace(index=0) %}
            {%- for message in loop_messages %}
                {%- if (message["role"] == "user") != (ns.index % 2 == 0) %}{{- raise_exception("After the optional system message, roles must alternate user and assistant!") }}{%- endif %}
                {%- set ns.index = ns.index + 1 %}
            {%- endfor %}
            {{- bos_token }}
            {%- for message in loop_messages %}
                {%- if message["role"] == "user" %}
                    {%- if tools is not none and (message == user_messages[-1]) %}{{- "[AVAILABLE_TOOLS] [" }}
                        {%- for tool in tools %}{%- set tool = tool.function %}{{- '{"type": "function", "function": {' }}
                            {%- for key, val in tool.items() if key != "return" %}
                                {%- if val is string %}{{- '"' + key + '": "' + val + '"' }}{%- else %}{{- '"' + key + '": ' + val|tojson }}{%- endif %}
                                {%- if not loop.last %}{{- ", " }}{%- endif %}
                            {%- endfor %}{{- "}}" }}{%- if not loop.last %}{{- ", " }}{%- else %}{{- "]" }}{%- endif %}
                        {%- endfor %}{{- "[/AVAILABLE_TOOLS]" }}
                    {%- endif %}
                    {{- "[INST] " + message["content"] + "[/INST]" }}
                {%- elif message.tool_calls is defined and message.tool_calls is not none %}
                    {%- for tool_call in message.tool_calls %}{%- set out = tool_call.function|tojson %}{{- out[:-1] }}
                        {%- if not tool_call.id is defined or tool_call.id|length != 9 %}{{- raise_exception("Tool call IDs should be alphanumeric strings with length 9!") }}{%- endif %}
                    {%- endfor %}
                {%- else %}{{- " " + message["content"]|trim + eos_token }}{%- endif %}
            {%- endfor %}
            """
        ),
        (
            "Gemma",
            """
            {{ bos_token }}
            {%- if messages[0]['role'] == 'system' -%}
                {%- if messages[0]['content'] is string -%}{%- set first_user_prefix = messages[0]['content'] + '\\n\\n' -%}
                {%- else -%}{%- set first_user_prefix = messages[0]['content'][0]['text'] + '\\n\\n' -%}{%- endif -%}
                {%- set loop_messages = messages[1:] -%}
            {%- else -%}{%- set first_user_prefix = "" -%}{%- set loop_messages = messages -%}{%- endif -%}
            {%- for message in loop_messages -%}
                {%- if (message['role'] == 'assistant') -%}{%- set role = "model" -%}{%- else -%}{%- set role = message['role'] -%}{%- endif -%}
                {{ '<start_of_turn>' + role + '\\n' + (first_user_prefix if loop.first else "") }}
                {%- if message['content'] is string -%}{{ message['content'] | trim }}
                {%- elif message['content'] is iterable -%}
                    {%- for item in message['content'] -%}
                        {%- if item['type'] == 'image' -%}{{ '<start_of_image>' }}{%- elif item['type'] == 'text' -%}{{ item['text'] | trim }}{%- endif -%}
                    {%- endfor -%}
                {%- else -%}{{ raise_exception("Invalid content type") }}{%- endif -%}
                {{ '<end_of_turn>\\n' }}
            {%- endfor -%}
            {%- if add_generation_prompt -%}{{'<start_of_turn>model\\n'}}{%- endif -%}
            """
        ),
        (
            "Qwen3 with thinking and tool calls",
            """
            {%- if tools %}{{- '<|im_start|>system\\n' }}{{- "# Tools\\n\\nYou may call one or more functions to assist with the user query.\\n\\n<tools>" }}
                {%- for tool in tools %}{{- "\\n" }}{{- tool | tojson }}{%- endfor %}{{- "\\n</tools><|im_end|>\\n" }}
            {%- endif %}
            {%- set ns = namespace(multi_step_tool=true, last_query_index=messages|length - 1) %}
            {%- for message in messages[::-1] %}
                {%- set index = (messages|length - 1) - loop.index0 %}
                {%- if ns.multi_step_tool and message.role == "user" and message.content is string and not(message.content.startswith('<tool_response>') and message.content.endswith('</tool_response>')) %}
                    {%- set ns.multi_step_tool = false %}{%- set ns.last_query_index = index %}
                {%- endif %}
            {%- endfor %}
            {%- for message in messages %}
                {%- set content = message.content if message.content is string else '' %}
                {%- if message.role == "assistant" %}
                    {%- set reasoning_content = '' %}
                    {%- if message.reasoning_content is string %}{%- set reasoning_content = message.reasoning_content %}
                    {%- elif '</think>' in content %}
                        {%- set reasoning_content = content.split('</think>')[0].rstrip('\\n').split('<think>')[-1].lstrip('\\n') %}
                        {%- set content = content.split('</think>')[-1].lstrip('\\n') %}
                    {%- endif %}
                    {{- '<|im_start|>' + message.role + '\\n<think>\\n' + reasoning_content.strip('\\n') + '\\n</think>\\n\\n' + content }}
                    {%- if message.tool_calls %}{%- for tool_call in message.tool_calls %}
                        {%- if tool_call.function %}{%- set tool_call = tool_call.function %}{%- endif %}
                        {{- '<tool_call>\\n{"name": "' }}{{- tool_call.name }}{{- '", "arguments": ' }}
                        {%- if tool_call.arguments is string %}{{- tool_call.arguments }}{%- else %}{{- tool_call.arguments | tojson }}{%- endif %}{{- '}\\n</tool_call>' }}
                    {%- endfor %}{%- endif %}{{- '<|im_end|>\\n' }}
                {%- elif message.role == "tool" %}
                    {%- if loop.first or (messages[loop.index0 - 1].role != "tool") %}{{- '<|im_start|>user' }}{%- endif %}
                    {{- '\\n<tool_response>\\n' }}{{- content }}{{- '\\n</tool_response>' }}
                    {%- if loop.last or (messages[loop.index0 + 1].role != "tool") %}{{- '<|im_end|>\\n' }}{%- endif %}
                {%- else %}{{- '<|im_start|>' + message.role + '\\n' + content + '<|im_end|>' + '\\n' }}{%- endif %}
            {%- endfor %}
            {%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}{%- if enable_thinking is defined and enable_thinking is false %}{{- '<think>\\n\\n</think>\\n\\n' }}{%- endif %}{%- endif %}
            """
        ),
        (
            "DeepSeek",
            """
            {% if not add_generation_prompt is defined %}{% set add_generation_prompt = false %}{% endif %}
            {% set ns = namespace(is_first=false, is_tool=false, system_prompt='') %}
            {%- for message in messages %}{%- if message['role'] == 'system' %}{% set ns.system_prompt = message['content'] %}{%- endif %}{%- endfor %}
            {{ bos_token }}{{ ns.system_prompt }}
            {%- for message in messages %}
                {%- if message['role'] == 'user' %}{%- set ns.is_tool = false -%}{{'<｜User｜>' + message['content']}}{%- endif %}
                {%- if message['role'] == 'assistant' and message['content'] is not none %}
                    {% set content = message['content'] %}{% if '</think>' in content %}{% set content = content.split('</think>')[-1] %}{% endif %}
                    {{'<｜Assistant｜>' + content + '<｜end▁of▁sentence｜>'}}
                {%- endif %}
            {%- endfor -%}
            {% if add_generation_prompt and not ns.is_tool %}{{'<｜Assistant｜><think>\\n'}}{% endif %}
            """
        ),
        (
            "Command-R",
            """
            {{ bos_token }}{% if messages[0]['role'] == 'system' %}{% set loop_messages = messages[1:] %}{% set system_message = messages[0]['content'] %}
            {% elif false == true %}{% set loop_messages = messages %}{% set system_message = 'You are a helpful assistant trained to help people.' %}
            {% else %}{% set loop_messages = messages %}{% set system_message = false %}{% endif %}
            {% if system_message != false %}{{ '<|START_OF_TURN_TOKEN|><|SYSTEM_TOKEN|>' + system_message + '<|END_OF_TURN_TOKEN|>' }}{% endif %}
            {% for message in loop_messages %}
            {% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}{% endif %}
            {% set content = message['content'] %}
            {% if message['role'] == 'user' %}{{ '<|START_OF_TURN_TOKEN|><|USER_TOKEN|>' + content.strip() + '<|END_OF_TURN_TOKEN|>' }}
            {% elif message['role'] == 'assistant' %}{{ '<|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|>' + content.strip() + '<|END_OF_TURN_TOKEN|>' }}{% endif %}
            {% endfor %}
            {%- macro json_to_python_type(json_spec) %}
            {%- set basic_type_map = {"string": "str", "number": "float", "integer": "int", "boolean": "bool"} %}
            {%- if basic_type_map[json_spec.type] is defined %}{{- basic_type_map[json_spec.type] }}
            {%- elif json_spec.type == "array" %}{{- "List[" + json_to_python_type(json_spec.items) + "]"}}
            {%- elif json_spec.type == "object" %}{{- "Dict[str, " + json_to_python_type(json_spec.additionalProperties) + ']'}}
            {%- elif json_spec.type is iterable %}{{- "Union[" }}{%- for t in json_spec.type %}{{- json_to_python_type({"type": t}) }}{%- if not loop.last %}{{- "," }}{%- endif %}{%- endfor %}{{- "]" }}
            {%- else %}{{- "Any" }}{%- endif %}{%- endmacro %}
            """
        ),
        (
            "Phi",
            """
            {% for message in messages %}{% if message['role'] == 'system' and 'tools' in message and message['tools'] is not none %}{{ '<|' + message['role'] + '|>' + message['content'] + '<|tool|>' + message['tools'] + '<|/tool|>' + '<|end|>' }}
            {% else %}{{ '<|' + message['role'] + '|>' + message['content'] + '<|end|>' }}{% endif %}{% endfor %}
            {% if add_generation_prompt %}{{ '<|assistant|>' }}{% else %}{{ eos_token }}{% endif %}
            """
        ),
        (
            "Granite",
            """
            {%- if messages[0]['role'] == 'system' %}{%- set system_message = messages[0]['content'] %}{%- set loop_messages = messages[1:] %}
            {%- else %}{%- set system_message = "Knowledge Cutoff Date: April 2024.\\nToday's Date: " + strftime_now('%B %d, %Y') + ".\\nYou are Granite." %}
                {%- if tools and documents %}{%- set system_message = system_message + " You are a helpful assistant with access to the following tools." %}
                {%- elif documents %}{%- set system_message = system_message + " Write the response to the user's input by strictly aligning with the facts in the provided documents." %}{%- endif %}
                {%- if 'citations' in controls and documents %}{%- set system_message = system_message + '\\nIn your response, use the symbols <co> and </co> to indicate facts.' %}{%- endif %}
                {%- set loop_messages = messages %}{%- endif %}
            {{- '<|start_of_role|>system<|end_of_role|>' + system_message + '<|end_of_text|>\\n' }}
            {%- if documents %}{%- for document in documents %}{{- 'Document ' + loop.index | string + '\\n' + document['text'] }}{%- endfor %}{%- endif %}
            {%- for message in loop_messages %}{{- '<|start_of_role|>' + message['role'] + '<|end_of_role|>' + message['content'] + '<|end_of_text|>\\n' }}
                {%- if loop.last and add_generation_prompt %}{{- '<|start_of_role|>assistant' }}{%- if controls %}{{- ' ' + controls | tojson()}}{%- endif %}{{- '<|end_of_role|>' }}{%- endif %}
            {%- endfor %}
            """
        ),
        (
            "Zephyr",
            """
            {% for message in messages %}
            {% if message['role'] == 'user' %}{{ '<|user|>\\n' + message['content'] + eos_token }}{% elif message['role'] == 'system' %}{{ '<|system|>\\n' + message['content'] + eos_token }}
            {% elif message['role'] == 'assistant' %}{% generation %}{{ message['content'] + eos_token }}{% endgeneration %}{% endif %}
            {% if loop.last and add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}
            {% endfor %}
            """
        ),
        (
            "A switch in the conversation",
            """
            {%- if messages[0].role == "system" %}{%- set system_message = messages[0].content %}
                {%- if "/no_think" in system_message %}{%- set reasoning_mode = "/no_think" %}{%- elif "/think" in system_message %}{%- set reasoning_mode = "/think" %}{%- endif %}
                {%- set custom_instructions = system_message.replace("/no_think", "").replace("/think", "").rstrip() %}
            {%- endif %}
            {%- if reasoning_mode == "/think" %}{{- "You think about the question for a while before you answer it.\\n" }}{%- endif %}
            {{- custom_instructions }}
            """
        ),
        (
            "A vision model",
            """
            {% set image_count = namespace(value=0) %}{% for message in messages %}<|im_start|>{{ message['role'] }}
            {% if message['content'] is string %}{{ message['content'] }}<|im_end|>
            {% else %}{% for content in message['content'] %}{% if content['type'] == 'image' or 'image' in content or 'image_url' in content %}{% set image_count.value = image_count.value + 1 %}{% if add_vision_id %}Picture {{ image_count.value }}: {% endif %}<|vision_start|><|image_pad|><|vision_end|>{% elif 'text' in content %}{{ content['text'] }}{% endif %}{% endfor %}<|im_end|>
            {% endif %}{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant
            {% endif %}
            """
        ),
        (
            "Alpaca",
            """
            {{ (messages|selectattr('role', 'equalto', 'system')|list|last).content|trim if (messages|selectattr('role', 'equalto', 'system')|list) else '' }}

            {% for message in messages %}
            {% if message['role'] == 'user' %}
            ### Instruction:
            {{ message['content']|trim }}
            {% elif message['role'] == 'assistant' %}
            ### Response:
            {{ message['content']|trim }}
            {% endif %}
            {% endfor %}
            {% if add_generation_prompt and messages[-1]['role'] != 'assistant' %}
            ### Response:
            {% endif %}
            """
        ),
    ]
}
